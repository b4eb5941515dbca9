"""Asks the control API of a server, in this process or elsewhere."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from llmsim.errors import LlmsimError
from llmsim.json_text import compact, parse

_ANSWER_SECONDS = 30
# Not the proxy of the environment: most often the server is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswerError(LlmsimError):
    """The server does not answer to its control API, or refuses."""

    verb = "does not answer to"

    def __init__(self, method: str, path: str, reason: str) -> None:
        self.method = method
        self.path = path
        self.reason = reason
        super().__init__(method, path, reason)

    def __str__(self) -> str:
        return f"the server {self.verb} {self.method} {self.path}: {self.reason}"


class RefusedError(NoAnswerError):
    """The server refuses."""

    verb = "refuses"


class ControlClient:
    """The control API of the server at `origin`, such as `http://127.0.0.1:8080`.

    `token` is the key that it wants, if any.
    """

    def __init__(self, origin: str, token: str = "") -> None:
        origin = origin.rstrip("/")
        self._origin = origin if "://" in origin else f"http://{origin}"
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        """What it answers at `path`.

        Raises:
            NoAnswerError: it does not.
            RefusedError: it refuses.
        """
        return self.call("GET", path)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers to a request with this JSON body, or with none."""
        return parse(b"".join(self.lines(path, method, body)))

    def lines(self, path: str, method: str = "GET", body: Any = None) -> Iterator[bytes]:
        """The same, line by line as it comes."""
        data = None if body is None else compact(body).encode("ascii")
        headers = {**self.headers, "Content-Type": "application/json"}
        try:
            request = urllib.request.Request(  # noqa: S310
                f"{self._origin}/llmsim{path}", data, headers, method=method
            )
            with _OPENER.open(request, timeout=_ANSWER_SECONDS) as answer:
                yield from answer
        except urllib.error.HTTPError as error:
            said = message_in(error.read()) or str(error)
            raise RefusedError(method, f"/llmsim{path}", said) from error
        except (OSError, ValueError) as error:
            why = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NoAnswerError(method, f"/llmsim{path}", f"{why} ({self._origin})") from error


def message_in(answer: bytes) -> str:
    """What the control API says of a request that it refuses; nothing where it is not its."""
    try:
        return str(parse(answer)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return ""
