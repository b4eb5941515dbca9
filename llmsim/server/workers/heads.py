"""Request heads that are read once.

gunicorn's own parser reads each head. What it made of a plain one is remembered, and serves again
where a head is the same byte for byte, but for the digits of its Content-Length. There is no second
parser: whatever is not plainly the same goes gunicorn's way, with the bytes that were read.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gunicorn import http
from gunicorn.http import wsgi
from gunicorn.http.body import Body, LengthReader

from llmsim.server.workers.one_write import OneWrite

# What a worker remembers at most. Where there is no room for one more, all are forgotten.
MOST_HEADS = 4096
MOST_BYTES = 32 * 1024 * 1024
# What an entry takes, in bytes: for itself, for each header, and for each byte of its head.
_ENTRY_BYTES, _HEADER_BYTES, _BYTES_A_BYTE = 2_000, 300, 3

# Of heads that came once only this is kept, a number each.
_MOST_SEEN = 16_384

_PLAIN = re.compile(
    rb"POST /[!-~]* HTTP/1\.1(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*)+"
)
# As clients write it. Written in another way it is not plain.
_LENGTH = re.compile(rb"\r\n(?:Content-Length|content-length): ([0-9]{1,12})(?=\r\n)")
_NOT_PLAIN = {"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS"}

# What each request has for itself; all else is the same for the same head.
OWN_ATTRIBUTES = {
    *("cfg", "unreader", "body", "headers", "trailers", "peer_addr", "remote_addr"),
    *("req_number", "proxy_protocol_info", "remembered_as", "environ"),
}
OWN_VARIABLES = {
    *("wsgi.input", "wsgi.errors", "wsgi.early_hints", "gunicorn.socket"),
    *("CONTENT_LENGTH", "REMOTE_PORT"),
}
# Nobody can change a value of these, so requests may share it.
_FIXED = {str, bytes, int, bool, tuple, type, type(None)}


class Head(NamedTuple):
    """What gunicorn made of a head, but for what is each request's own."""

    attributes: dict[str, Any]
    """Of its `Request`."""
    headers: list[tuple[str, str]]
    length_at: int
    """Where Content-Length is among them."""
    environ: dict[str, Any]


class Heads:
    """Heads by their bytes. One that comes a first time is only noted."""

    def __init__(self) -> None:
        self._heads: dict[Any, Head] = {}
        self._seen: set[int] = set()
        self.bytes = 0
        self.find = self._heads.get

    def __len__(self) -> int:
        return len(self._heads)

    def is_second(self, key: Any) -> bool:
        """Whether a head came before; from now on it has."""
        if (mark := hash(key)) in self._seen:
            return True
        if len(self._seen) == _MOST_SEEN:
            self._seen.clear()
        self._seen.add(mark)
        return False

    def remember(self, key: Any, head: Head, size: int) -> None:
        """Remember a head of so many bytes."""
        size = _ENTRY_BYTES + _HEADER_BYTES * len(head.headers) + _BYTES_A_BYTE * size
        if len(self._heads) == MOST_HEADS or self.bytes + size > MOST_BYTES:
            self._heads.clear()
            self.bytes = 0
        self._heads[key] = head
        self.bytes += size


class Again(http.Request):
    """A request whose head is remembered; its connection is to be kept."""

    environ: dict[str, Any]

    def should_close(self) -> bool:
        """Whether it is the connection's last."""
        return bool(self.must_close)


class Parser(http.RequestParser):
    """gunicorn's, but for heads that are remembered."""

    mesg: Any

    def __init__(self, heads: Heads, cfg: Any, source: Any, source_addr: Any) -> None:
        super().__init__(cfg, source, source_addr)
        self._heads = heads
        # What gunicorn makes of a head hangs on who sent it, and on where it came in.
        peer = source_addr[0] if isinstance(source_addr, tuple) else source_addr
        self._ends = peer, source.getsockname()
        # gevent's sockets have both.
        self._event = getattr(source, "_read_event", None)
        self._wait = self._event and getattr(source, "_wait", None)

    def __next__(self) -> Any:
        """The next request of the connection."""
        self._end_last()
        data = self.unreader.take_buffered() or self._next_bytes()
        if not data:
            raise StopIteration
        end = data.find(b"\r\n\r\n")
        length = None if end < 0 else _LENGTH.search(data, 0, end + 2)
        if length is None:
            self.unreader.unread(data)
            return super().__next__()
        digits, (start, stop) = length[1], length.span(1)
        key = self._ends, data[:start], stop - start, data[stop:end]
        head = self._heads.find(key)
        if head is None:
            self.unreader.unread(data)
            request = super().__next__()
            if self._heads.is_second(key) and _is_plain(data[:end], request, digits):
                request.remembered_as = key, end
            return request
        self.mesg = self._again(head, digits, data[end + 4 :])
        return self.mesg

    def _next_bytes(self) -> bytes:
        """What the client sends, once others were served whose bytes are there too.

        One that asks again at once would otherwise be served again and again before them. And where
        nothing is there, an attempt to read costs more than to wait.
        """
        if self._wait is not None:
            self._wait(self._event)
        data: bytes = self.unreader.chunk()
        return data

    def _end_last(self) -> None:
        """Be done with the request before.

        Raises:
            StopIteration: it was the connection's last.
        """
        if self.mesg is None:
            return
        if self.mesg.should_close():
            raise StopIteration
        is_read = type(self.mesg) is Again and _is_read(self.mesg.body)
        if not (is_read or self.finish_body()):
            raise StopIteration
        self.mesg = None

    def _again(self, head: Head, digits: bytes, rest: bytes) -> Again:
        """A request with that head; `rest` is what was read behind it."""
        length = int(digits)
        if len(rest) > length:
            self.unreader.unread(rest[length:])
            rest = rest[:length]
        self.req_count += 1
        request = Again.__new__(Again)
        request.__dict__.update(head.attributes)
        request.cfg, request.unreader, request.req_number = self.cfg, self.unreader, self.req_count
        request.peer_addr = request.remote_addr = self.source_addr
        request.headers, request.trailers = head.headers.copy(), []
        request.headers[head.length_at] = ("CONTENT-LENGTH", str(digits, "ascii"))
        request.proxy_protocol_info = None
        request.body = Body(LengthReader(self.unreader, length - len(rest)))
        request.body.buf.write(rest)
        request.environ = head.environ.copy()
        request.environ["CONTENT_LENGTH"] = request.headers[head.length_at][1]
        return request


class WSGIErrorsWrapper(wsgi.WSGIErrorsWrapper):
    """gunicorn's, which finds its streams when it is written to: few requests do that."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg

    @property
    def streams(self) -> list[Any]:
        """Where errors go."""
        found: list[Any] = wsgi.WSGIErrorsWrapper(self._cfg).streams
        return found


def parser_of(
    gunicorns: Any, heads: Heads, cfg: Any, source: Any, *others: Any, **named: Any
) -> Any:
    """See `gunicorn.http.get_parser`, which is given as `gunicorns`."""
    found = gunicorns(cfg, source, *others, **named)
    if type(found) is not http.RequestParser:
        return found  # of another protocol
    return Parser(heads, cfg, source, *others)


def created(
    gunicorns: Any, heads: Heads, req: Any, sock: Any, client: Any, *others: Any, **named: Any
) -> Any:
    """See `gunicorn.http.wsgi.create`, which is given as `gunicorns`."""
    if named:
        return gunicorns(req, sock, client, *others, **named)  # of HTTP/2
    if type(req) is Again:
        response = OneWrite(req, sock, req.cfg)
        req.environ |= {
            "wsgi.input": req.body,
            "wsgi.errors": WSGIErrorsWrapper(req.cfg),
            "wsgi.early_hints": wsgi._make_early_hints_callback(req, sock, response),
            "gunicorn.socket": sock,
        }
        if isinstance(client, tuple):
            req.environ["REMOTE_PORT"] = str(client[1])
        return response, req.environ
    response, environ = gunicorns(req, sock, client, *others, response_class=OneWrite)
    if hasattr(req, "remembered_as") and (head := _head_of(req, environ)):
        key, size = req.remembered_as
        heads.remember(key, head, size)
    return response, environ


def _is_plain(head: bytes, request: Any, digits: bytes) -> bool:
    """Whether gunicorn made of that head what it will make of it whatever its digits are."""
    lengths = [value for name, value in request.headers if name == "CONTENT-LENGTH"]
    return (
        _PLAIN.fullmatch(head) is not None
        and lengths == [str(digits, "ascii")]
        and _NOT_PLAIN.isdisjoint(name for name, _ in request.headers)
        and not request.should_close()
    )


def _is_read(body: Any) -> bool:
    """Whether what comes next from the client is the next request."""
    return not (body.failed or body.reader.length)


def _head_of(request: Any, environ: dict[str, Any]) -> Head | None:
    """What requests with that head share; None where it has what one of them could change."""
    attributes = {k: v for k, v in vars(request).items() if k not in OWN_ATTRIBUTES}
    variables = {k: v for k, v in environ.items() if k not in OWN_VARIABLES}
    if not all(type(v) in _FIXED for v in (*attributes.values(), *variables.values())):
        return None
    headers = request.headers.copy()
    length_at = [name for name, _ in headers].index("CONTENT-LENGTH")
    return Head(attributes, headers, length_at, variables)
