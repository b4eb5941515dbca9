"""A request's body that is read before there is a record of the request.

Where the body may name the session, it has to be known first whose request it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmsim.errors import RequestError
from llmsim.serving.body import parsed, read_body


class EarlyBody:
    """The body. What is wrong with it is kept, and raised to who asks for what it spoils."""

    def __init__(self, environ: Mapping[str, Any], limit: int) -> None:
        self._bytes, self._value = b"", None
        self._unread: RequestError | None = None
        self._unparsed: RequestError | None = None
        try:
            self._bytes = read_body(environ, limit)
        except RequestError as error:
            self._unread = error
            return
        try:
            self._value = parsed(self._bytes, environ)
        except RequestError as error:
            self._unparsed = error

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            RequestError: see `read_body`.
        """
        if self._unread:
            raise self._unread
        return self._bytes

    def parsed(self) -> Any:
        """Its JSON value.

        Raises:
            RequestError: see `body.parsed`.
        """
        if self._unparsed:
            raise self._unparsed
        return self._value

    def at(self, path: Sequence[str]) -> Any:
        """What stands at the end of that path of keys, None where nothing does."""
        found = self._value
        for key in path:
            if not isinstance(found, dict):
                return None
            found = found.get(key)
        return found
