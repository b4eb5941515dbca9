"""A WSGI application that says what it was given, and can answer in every way that WSGI knows."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from llmsim.server.workers.heads import Parser

Environ = dict[str, Any]
Start = Callable[..., Any]

# What the test has no say in.
_NOT_ASKED = {"SERVER_PORT", "REMOTE_PORT"}
_TOLD = (str, int, bool, tuple, type(None))
_TEXT = [("Content-Type", "text/plain")]

_counts = {"closed": 0, "again": 0, "went on": 0, "asked": 0}


def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Answer in the way that the path names; a path that names none echoes the request."""
    way = WAYS.get(environ["PATH_INFO"], echo)
    return way(environ, start_response)


def echo(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """The request: what is told of it, and the types of what is not."""
    told = {
        name: value if isinstance(value, _TOLD) else type(value).__name__
        for name, value in sorted(environ.items())
        if name not in _NOT_ASKED
    }
    environ["echo.seen"] = True  # would be told the next time, if that had the same environ
    body = environ["wsgi.input"].read()
    return _said({"environ": told, "body": body.decode("latin-1")}, environ, start_response)


def _said(what: Any, environ: Environ, start_response: Start) -> Iterable[bytes]:
    answer = json.dumps(what).encode()
    port = ("X-Peer-Port", environ.get("REMOTE_PORT", "none"))
    start_response("200 OK", [port, ("Content-Length", str(len(answer)))])
    return [answer]


def _lines(environ: Environ, start_response: Start) -> Iterable[bytes]:
    source = environ["wsgi.input"]
    read = [source.readline(), source.read(3), *source, *source.readlines(), source.read()]
    return _said([part.decode("latin-1") for part in read], environ, start_response)


def _unread(environ: Environ, start_response: Start) -> Iterable[bytes]:
    return _said("unread", environ, start_response)


def _begun(environ: Environ, start_response: Start) -> Iterable[bytes]:
    return _said(environ["wsgi.input"].read(5).decode("latin-1"), environ, start_response)


def _failed(environ: Environ, start_response: Start) -> Iterable[bytes]:
    environ["wsgi.input"].failed = True
    return _said("no more of that", environ, start_response)


def _failed_at_the_end(environ: Environ, start_response: Start) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    return _failed(environ, start_response)


def _chunked(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    return [b"one", b"", b"two" * 50_000, b"three"]


def _nothing(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    return []


def _empty_first(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    return [b"", b"then"]


def _head_first(environ: Environ, start_response: Start) -> Iterator[bytes]:
    """The head leaves before the body is known, which is when another asks for `/go-on`."""
    start_response("200 OK", _TEXT)
    yield b""
    before = _counts["went on"]
    while _counts["went on"] == before:
        time.sleep(0.01)
    yield b"late"


def _go_on(environ: Environ, start_response: Start) -> Iterable[bytes]:
    _counts["went on"] += 1
    return _said("gone on", environ, start_response)


def _large(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "300000")])
    return [b"x" * 100_000, b"y" * 200_000]


def _huge(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """More than the system takes at once."""
    start_response("200 OK", [("Content-Length", str(2**24))])
    return [bytes(range(256)) * 2**16]


def _too_long(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"abcdef", b"ghi"]


def _too_short(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "40")])
    return [b"abcdef"]


def _no_content(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("204 No Content", [("Content-Length", "4")])
    return [b"none"]


def _not_modified(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("304 Not Modified", [("Content-Length", "4")])
    return []


def _written(environ: Environ, start_response: Start) -> Iterable[bytes]:
    write = start_response("200 OK", [("Content-Length", "9")])
    write(b"wri")
    write(b"tten")
    return [b"it"]


def _file(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    return _wrapped(environ, os.path.abspath(__file__))


def _long_file(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [*_TEXT, ("Content-Length", str(os.path.getsize(__file__)))])
    return _wrapped(environ, os.path.abspath(__file__))


def _wrapped(environ: Environ, path: str) -> Iterable[bytes]:
    file = open(path, "rb")  # noqa: SIM115 - gunicorn closes it
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return wrapped


def _no_file(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"in memory"))
    return wrapped


def _headers(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Each is allowed, and gunicorn leaves some of them out."""
    odd = [
        *[("X-Space", "  around  "), ("X-Tab", "\ta\tb\t"), ("X-Latin", "gr\xfc\xdfe")],
        *[("X-Empty", ""), ("x-twice", "1"), ("X-Twice", "2"), ("!#$%&'*+-.^_`|~", "token")],
        *[("Connection", "close"), ("Keep-Alive", "9"), ("Upgrade", "h2c")],
        *[("Transfer-Encoding", "chunked"), ("Trailer", "X"), ("TE", "x"), ("X-\x7e", "tilde")],
        *[("Server", "mine"), ("Date", "today"), ("Content-Length", " 2 ")],
    ]
    start_response("200 It is", odd)
    return [b"ok"]


def _with_header(name: Any, value: Any) -> Callable[[Environ, Start], Iterable[bytes]]:
    def way(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("X-Good", "1"), (name, value)])
        return [b"never"]

    return way


def _with_status(status: Any) -> Callable[[Environ, Start], Iterable[bytes]]:
    def way(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response(status, [("Content-Length", "1")])
        return [b"s"]

    return way


def _raises(environ: Environ, start_response: Start) -> Iterable[bytes]:
    raise RuntimeError("before anything")


def _raises_after_start(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", _TEXT)
    raise RuntimeError("before the body")
    yield b""


def _raises_late(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", _TEXT)
    yield b"a part"
    raise RuntimeError("in the body")


def _no_bytes(environ: Environ, start_response: Start) -> Iterable[Any]:
    start_response("200 OK", _TEXT)
    return ["text"]


def _no_start(environ: Environ, start_response: Start) -> Iterable[bytes]:
    return [b"who asked"]


def _started_twice(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    start_response("200 OK", _TEXT)
    return [b"never"]


def _replaced(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("X-First", "1")])
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("500 No", [("X-Second", "2"), ("Content-Length", "2")], sys.exc_info())
    return [b"no"]


def _early_hints(environ: Environ, start_response: Start) -> Iterable[bytes]:
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def _number(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """How many asked for this before."""
    _counts["asked"] += 1
    return _said(_counts["asked"], environ, start_response)


def _errors(environ: Environ, start_response: Start) -> Iterable[bytes]:
    environ["wsgi.errors"].write("told to wsgi.errors\n")
    return _said("told", environ, start_response)


class _Closing:
    """Parts that never end, and say when they were closed."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"on and on " * 1000

    def close(self) -> None:
        _counts["closed"] += 1


def _endless(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", _TEXT)
    return _Closing()


def _facts(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """How many bodies were closed, how many requests had a head that was remembered, and more."""
    facts = {**_counts, "pid": os.getpid(), "resident": _resident()}
    return _said(facts, environ, start_response)


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _counting(again: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        _counts["again"] += 1
        return again(*arguments)

    return counted


Parser._again = _counting(Parser._again)  # type: ignore[method-assign]


WAYS: dict[str, Callable[[Environ, Start], Iterable[Any]]] = {
    "/lines": _lines,
    "/unread": _unread,
    "/begun": _begun,
    "/failed": _failed,
    "/failed-at-the-end": _failed_at_the_end,
    "/chunked": _chunked,
    "/nothing": _nothing,
    "/empty-first": _empty_first,
    "/head-first": _head_first,
    "/go-on": _go_on,
    "/large": _large,
    "/huge": _huge,
    "/too-long": _too_long,
    "/too-short": _too_short,
    "/no-content": _no_content,
    "/not-modified": _not_modified,
    "/written": _written,
    "/file": _file,
    "/long-file": _long_file,
    "/no-file": _no_file,
    "/headers": _headers,
    "/header-cr": _with_header("X-Bad", "a\rb"),
    "/header-lf": _with_header("X-Bad", "a\nSet-Cookie: b"),
    "/header-crlf": _with_header("X-Good", "a\r\nSet-Cookie: b"),
    "/header-nul": _with_header("X-Good", "a\0b"),
    "/header-wide": _with_header("X-Good", "\u20ac"),
    "/header-name": _with_header("X Bad", "a"),
    "/header-bytes": _with_header("X-Good", b"a"),
    "/header-name-bytes": _with_header(b"X-Bad", "a"),
    "/header-list": _with_header(["X-Bad"], "a"),
    "/header-length": _with_header("Content-Length", "five"),
    "/status-text": _with_status("200 Fine"),
    "/status-number": _with_status(200),
    "/status-lf": _with_status("200 OK\r\nSet-Cookie: b"),
    "/status-short": _with_status("200"),
    "/raises": _raises,
    "/raises-after-start": _raises_after_start,
    "/raises-late": _raises_late,
    "/no-bytes": _no_bytes,
    "/no-start": _no_start,
    "/started-twice": _started_twice,
    "/replaced": _replaced,
    "/early-hints": _early_hints,
    "/errors": _errors,
    "/number": _number,
    "/endless": _endless,
    "/facts": _facts,
}
