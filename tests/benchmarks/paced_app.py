"""The least that could pace a stream: the floor under which no server on these workers comes.

It answers each request with the frames that the query asks for: `?chunks=100`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

TTFT, TBT = 0.2, 0.04  # seconds
FRAME = b"data: " + b'{"choices":[{"delta":{"content":" word"}}]}'.ljust(260) + b"\n\n"


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    if environ["REQUEST_METHOD"] != "POST":
        return []
    return _frames(int(parse_qs(environ["QUERY_STRING"])["chunks"][0]))


def _frames(chunks: int) -> Iterator[bytes]:
    started = time.perf_counter()
    yield FRAME  # as the opening chunk of a chat stream
    for number in range(chunks):
        left = started + TTFT + number * TBT - time.perf_counter()
        if left > 0:
            time.sleep(left)
        yield FRAME
