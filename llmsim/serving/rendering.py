"""From an outcome to an HTTP answer: headers, and a body that the renderer writes."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.errors import RequestError, StoreError
from llmsim.json_text import ascii_json
from llmsim.one_at_a_time import sliced
from llmsim.playback import Taken
from llmsim.reply import Failure, Reply
from llmsim.serving.stream_template import StreamTemplates
from llmsim.serving.writes import joined, parted
from llmsim.usage import completion_tokens, usage_of

HOST = socket.gethostname()

Headers = list[tuple[str, str]]

_JSON = ("Content-Type", "application/json")
_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
)

_TEMPLATES = StreamTemplates()
_LONG_STREAM = 4096  # tokens, each an event of 100 to 250 bytes: up to a megabyte
_LONG_WRITE = 16 * 1024  # bytes, which take half a millisecond to render
_KINDS = {404: "not_found", 413: "too_large"}


class Answer(NamedTuple):
    """An HTTP answer; `body` may be iterated once."""

    status: int
    headers: Headers
    body: Iterable[bytes]


def worker() -> str:
    """Who answers: `<host>:<process id>`."""
    return _worker_name(os.getpid())


@lru_cache(maxsize=1)
def _worker_name(pid: int) -> str:
    return f"{HOST}:{pid}"


def failure_of(error: RequestError | StoreError) -> Failure:
    """An error of the request path as what goes out."""
    if isinstance(error, StoreError):
        return Failure(error.status, "unavailable", str(error), "store_unavailable")
    kind = _KINDS.get(error.status, "invalid_request" if error.status < 500 else "unavailable")
    return Failure(error.status, kind, error.message, error.code, error.param)


def in_json(value: Any, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """`value` as a plain answer; `headers` are added to its own."""
    body = ascii_json(value)
    return Answer(200, [_JSON, ("Content-Length", str(len(body))), *headers], [body])


def fail(renderer: Renderer, failure: Failure, headers: Headers | None = None) -> Answer:
    """A failure as an answer: plain JSON, also where a stream was asked for."""
    request_id = _new_request_id()
    body = ascii_json(renderer.error(failure, request_id))
    lead = [_JSON, ("Content-Length", str(len(body))), (renderer.request_id_header, request_id)]
    return Answer(failure.status, lead + (headers or []) + list(failure.headers.items()), [body])


def render(renderer: Renderer, call: Call, taken: Taken, headers: Headers) -> Answer:
    """What was taken, as an answer; `headers` are added to its own."""
    reply = taken.outcome
    headers = _proof(taken) + headers
    if isinstance(reply, Failure):
        return fail(renderer, reply, headers)
    headers.append((renderer.request_id_header, _new_request_id()))
    stamp = Stamp(taken.marks, int(time.time()), usage_of(call.conversation, reply))
    if call.stream:
        return Answer(
            200, [*_STREAM_HEADERS, *headers], _stream(renderer, call, taken, reply, stamp)
        )
    return in_json(renderer.payload(reply, call, stamp), headers)


def _stream(
    renderer: Renderer, call: Call, taken: Taken, reply: Reply, stamp: Stamp
) -> Iterable[bytes]:
    """The events as bytes; not one write for each.

    A system call for every frame costs ten times as much. A long stream is rendered as it is read,
    so that it costs the same memory however long it is.
    """
    call = call._replace(shape=call.shape.for_reply(reply))
    if completion_tokens(reply) * call.shape.choices > _LONG_STREAM:
        return sliced(joined(renderer.events(reply, call, stamp), _LONG_WRITE), "stream")
    filled = _TEMPLATES.stream(renderer, call, taken, stamp)
    return joined(renderer.events(reply, call, stamp)) if filled is None else parted(filled)


def _new_request_id() -> str:
    """An id for one request, as the providers form it."""
    # It need not be a secret, and this takes a third of the time.
    return f"req_{random.getrandbits(128):032x}"


def _proof(taken: Taken) -> Headers:
    """The headers that prove the order from outside."""
    headers = [
        ("X-LLMSim-Generation", taken.marks[0]),
        ("X-LLMSim-Position", str(taken.claim.position)),
        ("X-LLMSim-Worker", worker()),
    ]
    if taken.turn_index is not None:
        headers.append(("X-LLMSim-Turn", str(taken.turn_index)))
    return headers
