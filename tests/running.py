"""A real llmsim server under gunicorn, for tests.

Starts on a free port, and ends only what it started.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from tests.processes import children, wait_until_gone

ROOT = Path(__file__).parent.parent
# The script, not `-m gunicorn`: after USR2 that one would find its own `http` package where the
# standard library's should be.
GUNICORN = [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py"]

PATIENCE = 60  # seconds that a request may take: how slow the machine is is nobody's failure


def clean_environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """This process's environment without any setting of llmsim or gunicorn.

    `TMPDIR` is at `tmp_path`, and a free port will be chosen. Bytecode is kept: hundreds of servers
    start, and without it each compiles the package again. What the real API would refuse is
    refused: no client and no example may be, unless it really errs.
    """
    foreign = ("LLMSIM_", "GUNICORN_", "WEB_CONCURRENCY", "OPENAI_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return (
        kept
        | {
            "TMPDIR": str(tmp_path),
            "LLMSIM_PORT": "0",
            "LLMSIM_GRACEFUL_TIMEOUT": "3",
            "LLMSIM_PROTOCOL": "refuse",
            "PYTHONPATH": str(ROOT),
            # Plugins of other packages take a second to import.
            "PYTEST_ADDOPTS": "-p no:langsmith_plugin -p no:hypothesispytest -p no:anyio",
        }
        | variables
    )


def write_script(path: Path, *turns: dict[str, Any], on_exhausted: str = "repeat_last") -> Path:
    """A script file of these turns."""
    path.write_text(json.dumps({"on_exhausted": on_exhausted, "turns": turns}), "utf-8")
    return path


def by_flag(worker_class: str) -> tuple[str, ...]:
    """What gunicorn's command line says for that worker class; `fast` is the default's name."""
    return () if worker_class == "fast" else ("-k", worker_class)


def text(words: str) -> dict[str, Any]:
    """An assistant turn."""
    return {"type": "assistant", "text": words}


def numbered(count: int) -> list[dict[str, Any]]:
    """`count` assistant turns that say their own index."""
    return [text(str(index)) for index in range(count)]


class Server:
    """A running server; use it in a `with`.

    Variables are added to the environment, `arguments` to gunicorn's command line.
    """

    def __init__(
        self,
        tmp_path: Path,
        script: Path | None,
        *arguments: str,
        command: Sequence[str] | None = None,
        **variables: str,
    ) -> None:
        self.tmp_path = tmp_path
        self._command = [*(command or [*GUNICORN, "wsgi:app"]), *arguments]
        self._environment = clean_environment(tmp_path, **variables)
        if script is not None:
            self._environment["LLMSIM_SCRIPT_PATH"] = str(script)
        self._log_path = tmp_path / f"server-{time.monotonic_ns()}.log"

    def __enter__(self) -> Self:
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        found = self.wait_for_log(r"base URLs: (https?://\S+?)/openai/v1")
        self.origin = found.group(1)
        # Answered once a worker is up; a certificate is the test's own.
        httpx.get(self.origin, timeout=PATIENCE, verify=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(
                signal.SIGQUIT
            )  # TERM leaves a gevent worker up to a second to notice
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                for process in [
                    psutil.Process(self.process.pid),
                    *psutil.Process(self.process.pid).children(),
                ]:
                    process.kill()
                self.process.wait()

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.origin}/openai/v1"

    def log(self) -> str:
        """Everything the server has printed."""
        return self._log_path.read_text("utf-8", "replace")

    def wait_for_log(
        self, pattern: str, *, seconds: float = PATIENCE, start: int = 0
    ) -> re.Match[str]:
        """Wait until `pattern` stands in the log, after its first `start` characters.

        Fails with the log if the server ends or time runs out.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.log()[start:]):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(
            f"no {pattern!r} in the log (exit code {self.process.poll()}):\n{self.log()}"
        )

    def worker_pids(self) -> list[int]:
        """The process ids of the master's living children."""
        return children(self.process.pid)

    def reload(self) -> None:
        """SIGHUP, and wait until the script was read again and the workers before are gone.

        One that ends may have taken a connection and end with it, unless a request came soon.
        """
        before = self.worker_pids()
        start = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log(
            r"llmsim: (reloaded|.* is unchanged|the script was not reloaded)", start=start
        )
        wait_until_gone(before)

    def state_dirs(self) -> list[Path]:
        """The private state directories under this server's `TMPDIR`."""
        return sorted(self.tmp_path.glob("llmsim-*"))
