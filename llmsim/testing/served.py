"""`serve`: a real server for the time of a `with`, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from llmsim import registry
from llmsim import settings as settings_module
from llmsim.errors import LlmsimError
from llmsim.json_text import compact
from llmsim.server.child import ChildServer
from llmsim.server.control_client import ControlClient, NoAnswerError, RefusedError
from llmsim.store.base import DEFAULT_SESSION
from llmsim.testing.scripts import Given, spec_of
from llmsim.testing.session import Session

_LOG_CHARACTERS = 4000  # of its end


class ServerEndedError(LlmsimError):
    """The server ended by itself, or somebody ended it; `log` is the end of what it said."""

    def __init__(self, code: int, log: str) -> None:
        self.code = code
        self.log = log
        super().__init__(code, log)

    def __str__(self) -> str:
        how = f"with exit code {self.code}" if self.code >= 0 else f"by signal {-self.code}"
        return f"the llmsim server ended {how}; its log:\n{self.log or '(nothing)'}"


class Server:
    """A running server: makes sessions, and tells what its log says."""

    def __init__(self, control: ControlClient) -> None:
        self.control = control

    def session(self, name: str | None = None, script: Given | None = None) -> Session:
        """A new session, with a script of its own or with the server's.

        Raises:
            ScriptError: the script is wrong.
            NoAnswerError: the name is taken, or the server does not answer.
        """
        return Session.made(self.control, name, script)

    def log(self, since: int = 0) -> str:  # noqa: ARG002
        """The end of what its log says from byte `since` on.

        Nothing of a server that runs elsewhere.
        """
        return ""

    def log_size(self) -> int:
        """How many bytes its log has: `log` tells what comes later."""
        return 0


class _Watched(ControlClient):
    """The control API of a server whose end is noticed."""

    def __init__(self, child: ChildServer, log: Path, token: str) -> None:
        super().__init__(child.origin, token)
        self._child, self._log = child, log
        self.log = log

    def lines(self, path: str, method: str = "GET", body: Any = None) -> Iterator[bytes]:
        try:
            yield from super().lines(path, method, body)
        except NoAnswerError:
            code = self._child.exit_code
            if code is None:
                raise
            raise ServerEndedError(code, _end_of(self.log)) from None


class Serving(Server, Session):
    """A server that this program runs: itself its default session, which plays its script.

    Use it in a `with` or an `async with`.
    """

    def __init__(self, script: Given | None, settings: Mapping[str, Any]) -> None:
        self._script = script
        self._variables = dict(_variables(settings))

    def __enter__(self) -> Self:
        """Start the server, and wait until it is ready.

        Raises:
            ScriptError: the script is wrong.
            ServerEndedError: the server could not start.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="llmsim-testing-")
        try:
            self._start(Path(self._folder.name))
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def _start(self, folder: Path) -> None:
        environ = {**os.environ, **self._variables}
        log = folder / "log"
        child = ChildServer(_file(self._script, folder), environ, log=log)
        try:
            child.__enter__()
        except LlmsimError:
            raise ServerEndedError(child.exit_code or 0, _end_of(log)) from None
        self._child, self._log = child, log
        control = _Watched(child, log, settings_module.load(environ).control_token)
        Server.__init__(self, control)
        Session.__init__(self, control, DEFAULT_SESSION, child.base_urls)
        with suppress(RefusedError):  # it is there, from a run before
            control.call("POST", "/sessions", {"name": DEFAULT_SESSION})

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._child.__exit__()
        self._folder.cleanup()

    async def __aenter__(self) -> Self:
        """See `__enter__`."""
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        """See `__exit__`."""
        await asyncio.to_thread(self.__exit__)

    def log(self, since: int = 0) -> str:
        """See `Server.log`."""
        return _end_of(self._log, since)

    def log_size(self) -> int:
        """See `Server.log_size`."""
        return self._log.stat().st_size


def serve(script: Given | None = None, **settings: Any) -> Serving:
    """A real server on a free port of 127.0.0.1, in a process of its own.

    `with llmsim.serve("script.json", workers=4) as sim:` Without a script the demo script plays.
    `settings` are named as in `llmsim.settings.Settings`; all others are read from the environment.

    Raises:
        TypeError: there is no such setting.
    """
    return Serving(script, settings)


def _variables(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = {item.name: item.metadata["env"][-1] for item in settings_module.FIELDS.values()}
    for name, value in settings.items():
        if name not in known:
            raise TypeError(registry.unknown("setting", name, known))
        many = isinstance(value, list | tuple)
        text = ",".join(map(str, value)) if many else str(value)
        yield known[name], text.lower() if isinstance(value, bool) else text


def _file(script: Given | None, folder: Path) -> str:
    """The path of the script, "" for the demo script."""
    if script is None:
        return ""
    if isinstance(script, str | os.PathLike):
        return os.fspath(script)
    path = folder / "script.json"
    path.write_text(compact(spec_of(script)), "utf-8")
    return str(path)


def _end_of(log: Path, since: int = 0) -> str:
    try:
        said = log.read_bytes()[since:].decode("utf-8", "replace")
    except FileNotFoundError:  # it went with the server
        return ""
    return said[-_LOG_CHARACTERS:].strip()
