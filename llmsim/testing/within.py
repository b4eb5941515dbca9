"""`wsgi`: the simulator inside this process, without a server and without a socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from werkzeug.test import Client

from llmsim.app import create_served_app
from llmsim.json_text import compact
from llmsim.server.control_client import ControlClient, RefusedError, message_in
from llmsim.testing.scripts import Given
from llmsim.testing.session import Session

_ORIGIN = "http://localhost"  # asked by nobody: the application is called instead


class _Within(ControlClient):
    """The control API of an application in this process."""

    def __init__(self, app: Any) -> None:
        super().__init__(_ORIGIN)
        self._client = Client(app)

    def lines(self, path: str, method: str = "GET", body: Any = None) -> Iterator[bytes]:
        data = None if body is None else compact(body)
        path = f"/llmsim{path}"
        headers = {"Content-Type": "application/json", **self.headers}
        answer = self._client.open(path, _ORIGIN, method=method, data=data, headers=headers)
        if answer.status_code >= 400:
            raise RefusedError(method, path, message_in(answer.get_data()))
        yield from answer.get_data().splitlines()


class InProcess(Session):
    """A session of the simulator in this process: a WSGI application for a client's transport."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        path = _as_wsgi(environ.get("PATH_INFO", ""))
        return _ahead(_app()({**environ, "PATH_INFO": path}, start_response))


def _as_wsgi(path: str) -> str:
    """The bytes of a path as latin-1, which PEP 3333 wants. httpx gives it decoded."""
    if path.isascii():
        return path
    try:
        path.encode("latin-1").decode()
    except UnicodeError:
        return path.encode().decode("latin-1")
    return path


def wsgi(script: Given | None = None) -> InProcess:
    """The simulator without a server: `httpx.WSGITransport(app=sim)` is the way in.

    Each has a session of its own. Waits, broken connections and whatever else needs a socket are
    for `serve`. Settings are read from the environment.

    Raises:
        ScriptError: the script is wrong.
    """
    return InProcess.made(_Within(_app()), script=script)


def _ahead(body: Any) -> Iterator[bytes]:
    """The parts of a body, each once it is known whether another follows.

    SDKs close a stream at its last event. Here, that event must have been the end.
    """
    rest = iter(body)
    try:
        part = next(rest, None)
        while part is not None:
            following = next(rest, None)
            yield part
            part = following
    finally:
        if hasattr(body, "close"):
            body.close()


@lru_cache(maxsize=1)
def _app() -> Any:
    return create_served_app()
