"""The server under stress."""

from __future__ import annotations

from pathlib import Path

from tests.running import Server


def stressed_server(
    tmp_path: Path, script: Path | None, worker_class: str, *arguments: str, **variables: str
) -> Server:
    """Four workers of that class.

    They end within three seconds: gunicorn's master waits that long for a worker that its signal
    missed because it was only just forked, or whose signal came while it gave a request to a thread
    (gthread's handler then waits for a lock that its own thread holds).
    """
    settings = {
        "LLMSIM_WORKER_CLASS": worker_class,
        "LLMSIM_WORKERS": "4",
        "LLMSIM_THREADS": "16",
        "LLMSIM_GRACEFUL_TIMEOUT": "3",
    }
    return Server(tmp_path, script, *arguments, **(settings | variables))
