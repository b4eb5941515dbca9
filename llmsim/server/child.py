"""A server that a program starts for itself, in a child process, and stops again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from llmsim.errors import StartupError
from llmsim.server.control_client import ControlClient

_POLL_SECONDS = 0.02
_STOP_SECONDS = 10


class ChildEndedError(StartupError):
    """The server ended before it was ready. It has said why on standard error."""

    def __str__(self) -> str:
        return "the server did not start"


class ChildServer:
    """`llmsim serve SCRIPT` on a free port of 127.0.0.1; use it in a `with`.

    Its errors go to this process's standard error. Settings come from `environ`, but
    for the address. `token` is the key of its control API. `wanted` is asked until the server is
    ready; where it says no, the wait is over.
    """

    def __init__(
        self,
        script: str,
        environ: Mapping[str, str],
        token: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._script = script
        self._environ = dict(environ)
        self._token = token
        self._wanted = wanted
        self.origin = ""
        self.turns = 0

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready.

        Raises:
            ChildEndedError: it ended before, or was not wanted any more.
        """
        self._folder = tempfile.mkdtemp(prefix="run-llmsim-")
        ready = Path(self._folder) / "ready.json"
        self._process = self._started(ready)
        try:
            self._wait_for(ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; it waits for no answer that is still on its way."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def get(self, path: str) -> Any:
        """What the control API answers at `path`.

        Raises:
            NoAnswerError: it does not.
        """
        return ControlClient(self.origin, self._token).get(path)

    def lines(self, path: str) -> Iterator[bytes]:
        """The same, line by line as it comes."""
        return ControlClient(self.origin, self._token).lines(path)

    def _started(self, ready: Path) -> subprocess.Popen[bytes]:
        # -P: as it starts, a file of the current folder is no module of its own.
        command = [sys.executable, "-P", "-m", "llmsim", "serve", self._script]
        own = ["--bind", "127.0.0.1:0", "--ready-file", str(ready)]
        given = self._environ.get("GUNICORN_CMD_ARGS", "")
        return subprocess.Popen(  # noqa: S603
            [*command, *own],
            env=self._environ | {"GUNICORN_CMD_ARGS": f"--log-level error {given}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # A group of its own: Ctrl-C in a terminal is not for the server.
            start_new_session=True,
        )

    def _wait_for(self, ready: Path) -> None:
        while not ready.exists():
            if self._process.poll() is not None or not self._wanted():
                raise ChildEndedError
            time.sleep(_POLL_SECONDS)
        facts = json.loads(ready.read_text("utf-8"))
        self.origin, self.turns = facts["origin"], facts["turns"]
