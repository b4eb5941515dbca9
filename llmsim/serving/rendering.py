"""From an outcome to an HTTP answer: headers, and a body that the renderer writes."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.delivery import AT_ONCE, Leaving
from llmsim.errors import RequestError, StoreError
from llmsim.json_text import ascii_json
from llmsim.one_at_a_time import sliced
from llmsim.part import Part
from llmsim.playback import Taken
from llmsim.reply import Failure, Reply
from llmsim.serving import leave
from llmsim.serving.stream_template import StreamTemplates
from llmsim.serving.writes import joined, parted
from llmsim.usage import Usage, completion_tokens, usage_of

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
    """An HTTP answer; `body` may be gone through once.

    `usage` is what it costs, None where that is nothing.
    """

    status: int
    headers: Headers
    body: Iterable[bytes]
    usage: Usage | None = None


@cache
def worker() -> str:
    """Who answers: `<host>:<process id>`."""
    return f"{HOST}:{os.getpid()}"


os.register_at_fork(after_in_child=worker.cache_clear)


def failure_of(error: RequestError | StoreError) -> Failure:
    """An error of the request path as what goes out."""
    if isinstance(error, StoreError):
        again = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return Failure(error.status, "unavailable", str(error), "store_unavailable", headers=again)
    kind = _KINDS.get(error.status, "invalid_request" if error.status < 500 else "unavailable")
    return Failure(error.status, kind, error.message, error.code, error.param)


def in_json(
    value: Any,
    headers: Iterable[tuple[str, str]] = (),
    encode: Callable[[Any], bytes] = ascii_json,
    usage: Usage | None = None,
) -> Answer:
    """`value` as a plain answer; `headers` are added to its own."""
    body = encode(value)
    return Answer(200, [_JSON, ("Content-Length", str(len(body))), *headers], [body], usage)


def fail(renderer: Renderer, failure: Failure, headers: Headers | None = None) -> Answer:
    """A failure in the API's own words as an answer: plain JSON, also where a stream was wanted."""
    request_id = _new_request_id()
    body = ascii_json(renderer.error(failure, request_id))
    lead = [_JSON, ("Content-Length", str(len(body))), (renderer.request_id_header, request_id)]
    made = lead + (headers or [])
    if failure.headers:
        given = {name.lower() for name in failure.headers}
        made = [header for header in made if header[0].lower() not in given]
        made += failure.headers.items()
    return Answer(failure.status, made, [body])


def spoken(renderer: Renderer, taken: Taken) -> Taken:
    """What was taken; an error has the API's own status and words."""
    if not isinstance(taken.outcome, Failure):
        return taken
    return taken._replace(outcome=renderer.in_own_words(taken.outcome))


def render(renderer: Renderer, call: Call, taken: Taken, headers: Headers) -> Answer:
    """What was taken, `spoken`, as an answer; `headers` are added to its own."""
    reply = taken.outcome
    headers = _proof(taken) + headers
    at_once = taken.delivery is AT_ONCE
    if isinstance(reply, Failure):
        answer = fail(renderer, reply, headers)
        return answer if at_once else answer._replace(body=leave.failed(call, taken, answer.body))
    headers.append((renderer.request_id_header, _new_request_id()))
    stamp = Stamp(taken.marks, int(time.time()), usage_of(call.conversation, reply))
    cost = stamp.usage.times(call.shape.choices)
    if call.stream:
        call = call._replace(shape=call.shape.for_reply(reply))
        stream = _stream if at_once else _paced
        body = stream(renderer, call, taken, reply, stamp)
        return Answer(200, [*_STREAM_HEADERS, *headers], body, cost)
    payload = renderer.payload(reply, call, stamp)
    if at_once:
        return in_json(payload, headers, usage=cost)
    answer = in_json(payload, headers, leave.encoder(taken), cost)
    return answer._replace(body=leave.plain(taken, reply, stamp, answer.body))


def _paced(renderer: Renderer, call: Call, taken: Taken, reply: Reply, stamp: Stamp) -> Leaving:
    return leave.streamed(
        renderer, call, taken, stamp, _frames(renderer, call, taken, reply, stamp)
    )


def _frames(
    renderer: Renderer, call: Call, taken: Taken, reply: Reply, stamp: Stamp
) -> Iterable[Part]:
    """The frames of a stream, each made as it is asked for."""
    events = renderer.events(reply, call, stamp)
    if leave.is_raw(taken):
        return (Part(event.raw_frame(), event.content) for event in events)
    filled = None if _is_long(reply, call) else _TEMPLATES.frames(renderer, call, taken, stamp)
    if filled is not None:
        return filled
    return (Part(event.frame(), event.content) for event in events)


def _stream(
    renderer: Renderer, call: Call, taken: Taken, reply: Reply, stamp: Stamp
) -> Iterable[bytes]:
    """The events as bytes; not one write for each.

    A system call for every frame costs ten times as much. A long stream is rendered as it is read,
    so that it costs the same memory however long it is.
    """
    if _is_long(reply, call):
        return sliced(joined(renderer.events(reply, call, stamp), _LONG_WRITE), "stream")
    filled = _TEMPLATES.stream(renderer, call, taken, stamp)
    return joined(renderer.events(reply, call, stamp)) if filled is None else parted(filled)


def _is_long(reply: Reply, call: Call) -> bool:
    return completion_tokens(reply) * call.shape.choices > _LONG_STREAM


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
    if taken.line.script is not None:
        headers.append(("X-LLMSim-Script", taken.line.script))
    if taken.line.track is not None:
        headers.append(("X-LLMSim-Track", taken.line.track))
    return headers
