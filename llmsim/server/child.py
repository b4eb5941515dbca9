"""A server that a program starts for itself, in a child process, and stops again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from llmsim.errors import StartupError

_POLL_SECONDS = 0.02
_STOP_SECONDS = 10
_DISMISSED = b"\n"  # to the guard


class ChildEndedError(StartupError):
    """The server ended before it was ready. It has said why on standard error."""

    def __str__(self) -> str:
        return "the server did not start"


class ChildServer:
    """`llmsim serve SCRIPT` on a free port of 127.0.0.1; use it in a `with`.

    Settings come from `environ`, but for the address. Its warnings go to the file `log`, without
    one its errors to this process's standard error. `wanted` is asked until the server is ready;
    where it says no, the wait is over. The server ends with this process, however that ends.
    `lines_of_turns` are those of its ready file.
    """

    def __init__(
        self,
        script: str,
        environ: Mapping[str, str],
        log: Path | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._script = script
        self._environ = dict(environ)
        self._log = log
        self._wanted = wanted
        self.origin = ""
        self.base_urls: Mapping[str, str] = {}
        self.lines_of_turns: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready.

        Raises:
            ChildEndedError: it ended before, or was not wanted any more.
        """
        self._folder = tempfile.mkdtemp(prefix="run-llmsim-")
        ready = Path(self._folder) / "ready.json"
        self._process = self._started(ready)
        self._guard = _guard_of(self._process)
        try:
            self._wait_for(ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; it waits for no answer that is still on its way."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._guard.communicate(_DISMISSED)
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """How the server ended, as `subprocess` has it; None while it runs."""
        return self._process.poll()

    def _started(self, ready: Path) -> subprocess.Popen[bytes]:
        # -P: as it starts, a file of the current folder is no module of its own.
        command = [sys.executable, "-P", "-m", "llmsim", "serve", *filter(None, [self._script])]
        own = ["--bind", "127.0.0.1:0", "--ready-file", str(ready)]
        level = "error" if self._log is None else "warning"
        arguments = f"--log-level {level} {self._environ.get('GUNICORN_CMD_ARGS', '')}"
        with contextlib.nullcontext() if self._log is None else self._log.open("ab") as errors:
            return subprocess.Popen(  # noqa: S603
                [*command, *own],
                env=self._environ | {"GUNICORN_CMD_ARGS": arguments},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # A group of its own: Ctrl-C in a terminal is not for the server.
                start_new_session=True,
            )

    def _wait_for(self, ready: Path) -> None:
        while not ready.exists():
            if self._process.poll() is not None or not self._wanted():
                raise ChildEndedError
            time.sleep(_POLL_SECONDS)
        facts = json.loads(ready.read_text("utf-8"))
        self.origin, self.lines_of_turns = facts["origin"], facts["lines"]
        self.base_urls = facts["base_urls"]


def _guard_of(server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A process that stops the server where this one ends without a word, even by a SIGKILL.

    It reads a pipe of which only this process has the other end.
    """
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", 'read -r _ || kill -QUIT "$0"', str(server.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
