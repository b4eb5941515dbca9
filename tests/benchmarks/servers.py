"""The servers that are measured, and how they are asked."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from llmsim.store.base import DEFAULT_SESSION
from tests.benchmarks import wrk
from tests.benchmarks.benchmark import BenchmarkError, Sample
from tests.benchmarks.requests import tiny
from tests.running import PATIENCE, Server

CONNECTIONS = 16
WORKERS = "2"

_HERE = Path(__file__).parent


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for scripts and state, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="llmsim-benchmark-") as name:
        yield Path(name)


def llmsim_server(folder: Path, script: Path, **variables: str) -> Server:
    """Llmsim as its users run it, but for what `variables` say.

    The journal has room for all that is measured.
    """
    return Server(
        folder, script, **{"LLMSIM_WORKERS": WORKERS, "LLMSIM_JOURNAL_MAX_MB": "4096", **variables}
    )


def bare_server(folder: Path, workers: str = WORKERS, app: str = "bare_app") -> Server:
    """A bare application of this folder on the settings of llmsim's `gunicorn.conf.py`."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        str(_HERE / "bare_conf.py"),
        f"tests.benchmarks.{app}:app",
    ]
    return Server(folder, None, command=command, LLMSIM_WORKERS=workers)


def ask(
    server: Server,
    path: str,
    bodies: Sequence[str],
    seconds: float,
    sessions: int | str | None = None,
    connections: int = CONNECTIONS,
) -> Sample:
    """What `wrk.post` measures, with an empty journal: one that is full would cost nothing."""
    rewind(server)
    sample = wrk.post(server.origin + path, bodies, connections, seconds, sessions)
    if dropped := rewind(server):
        raise BenchmarkError(
            f"the journal was full, and dropped {dropped} entries: measure for a shorter time"
        )
    return sample


def with_cpu(server: Server, run: Callable[[float], Sample], seconds: float) -> Sample:
    """What `run` measures, and how much processor time a request took of the workers, in us."""
    before = _cpu_seconds(server)
    sample = run(wrk.whole(seconds))
    requests = sample["requests/s"] * wrk.whole(seconds)
    return {**sample, "CPU us": (_cpu_seconds(server) - before) / requests * 1e6}


def _cpu_seconds(server: Server) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in server.worker_pids())


def ask_bare(server: Server, seconds: float) -> Sample:
    """The same of the bare application, which answers every request alike."""
    return wrk.post(
        server.origin,
        tiny(),
        CONNECTIONS,
        seconds,
    )


def rewind(server: Server) -> int:
    """Rewind the default session, so that its journal is empty.

    How many entries were dropped since the server's start.
    """
    with httpx.Client(base_url=f"{server.origin}/llmsim/sessions", timeout=PATIENCE) as sessions:
        sessions.post("", json={"name": DEFAULT_SESSION})  # refused where it is there already
        sessions.post(f"/{DEFAULT_SESSION}/reset").raise_for_status()
        return int(
            sessions.get(f"/{DEFAULT_SESSION}/requests").raise_for_status().json()["dropped"]
        )
