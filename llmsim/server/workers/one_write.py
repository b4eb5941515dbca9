"""An answer whose head leaves together with the first part of its body."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

# To join more than this would copy more than a second write costs. And while a slow client reads,
# it would hold a copy of what all answers share.
_MOST_JOINED = 64 * 1024

_MOST_NAMES = 1024


class OneWrite(wsgi.Response):
    """gunicorn's, byte for byte: but where that one writes head and body, this one writes once."""

    sock: Any
    headers_sent: bool
    response_length: int | None
    _head = b""
    """Made, and not yet sent."""
    _joins = True

    def process_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Take the application's headers.

        gunicorn looks at each by three patterns. Those of a name that it has let pass, whose value
        is plain, need no second look.
        """
        for header in headers:
            name, value = header
            is_plain = type(value) is str and value.isascii() and value.isprintable()
            if is_plain and name in _plain_names:
                self.headers.append((name, value.strip(" ")))
            elif is_plain and name == "Content-Length" and value.isdigit():
                self.response_length = int(value)
                self.headers.append(header)
            else:
                super().process_headers([header])
                _note(name)

    def default_headers(self) -> list[str]:
        """What gunicorn puts before the application's headers."""
        close = "upgrade" if self.upgrade else "close" if self.should_close() else "keep-alive"
        major, minor = self.req.version
        return [
            f"HTTP/{major}.{minor} {self.status}\r\n",
            f"Server: {self.version}\r\n",
            f"Date: {_date(int(time.time()))}\r\n",
            f"Connection: {close}\r\n",
            *(["Transfer-Encoding: chunked\r\n"] if self.chunked else []),
        ]

    def send_headers(self) -> None:
        """Make the head, which goes with what is written next."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{k}: {v}\r\n" for k, v in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True
            if not self._joins:
                self._send_head()

    def write(self, arg: bytes) -> None:
        """Write a part of the body; see gunicorn's."""
        try:
            super().write(arg)
        finally:
            self._send_head()  # where there was no body to go with it

    def sendfile(self, respiter: Any) -> bool:
        """Let the system send a file, which knows of no head; see gunicorn's."""
        self._joins = False
        try:
            return bool(super().sendfile(respiter))
        finally:
            self._joins = True

    def close(self) -> None:
        """The end of the answer."""
        self.send_headers()
        if self.chunked:
            self._emit_body(b"")
        self._send_head()

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        if len(data) > _MOST_JOINED:
            self._send_head()
        head, self._head = self._head, b""
        self._send(head + data if head else data)

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._send(head)

    def _send(self, data: bytes) -> None:
        """Send what the system takes at once, without gevent's way to wait; and then the rest."""
        try:
            sent = getattr(self.sock, "_sock", self.sock).send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.sock.sendall(memoryview(data)[sent:])


_plain_names: set[str] = set()


def _note(name: str) -> None:
    """Take a name for plain that gunicorn has let pass, unless it means something to gunicorn."""
    if name.lower() == "content-length" or util.is_hoppish(name):
        return
    if len(_plain_names) < _MOST_NAMES:
        _plain_names.add(name)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return str(util.http_date(second))
