"""Asks the control API of a server, in this process or elsewhere."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from llmsim.errors import LlmsimError
from llmsim.json_text import parse

_ANSWER_SECONDS = 30
# Not the proxy of the environment: most often the server is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswerError(LlmsimError):
    """The server does not answer to its control API."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"the server does not answer to GET {self.path}: {self.reason}"


class ControlClient:
    """The control API of the server at `origin`; `token` is the key that it wants, if any."""

    def __init__(self, origin: str, token: str = "") -> None:
        self._origin = origin.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        """What it answers at `path`.

        Raises:
            NoAnswerError: it does not, or refuses.
        """
        return parse(b"".join(self.lines(path)))

    def lines(self, path: str) -> Iterator[bytes]:
        """The same, line by line as it comes."""
        try:
            request = urllib.request.Request(  # noqa: S310
                f"{self._origin}/llmsim{path}", headers=self._headers
            )
            with _OPENER.open(request, timeout=_ANSWER_SECONDS) as answer:
                yield from answer
        except urllib.error.HTTPError as error:
            raise NoAnswerError(f"/llmsim{path}", _message(error)) from error
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"/llmsim{path}", f"{error} ({self._origin})") from error


def _message(error: urllib.error.HTTPError) -> str:
    """What the control API says of a request that it refuses."""
    try:
        return str(parse(error.read())["error"]["message"])
    except (OSError, ValueError, LookupError, TypeError):
        return str(error)
