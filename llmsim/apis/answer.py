"""The request path that every API shares: read, claim, play, render.

It knows no Flask: what comes in is a WSGI environment, what goes out an `Answer`.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmsim.apis.body import read_object, stop_reading
from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.errors import RequestError, StoreError
from llmsim.json_text import compact
from llmsim.playback import Taken, served
from llmsim.reply import Failure, Reply
from llmsim.settings import Settings
from llmsim.sse import MAX_WRITE, Event
from llmsim.usage import Usage, completion_tokens, prompt_tokens

HOST = socket.gethostname()

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `body` may be iterated once."""

    status: int
    headers: Headers
    body: Iterable[bytes]


def answer(renderer: Renderer, settings: Settings, environ: Mapping[str, Any]) -> Answer:
    """Serve one request. A request that is refused has consumed no turn; every failure leaves in the renderer's dialect."""
    started = time.perf_counter()
    try:
        call = renderer.read(read_object(environ, settings.max_body_bytes))
        taken = served(settings, environ).take(call.conversation)
    except RequestError as error:
        return refuse(renderer, error, environ)
    except StoreError as error:
        return fail(renderer, Failure(error.status, "unavailable", str(error), "store_unavailable"))
    elapsed_ms = int((time.perf_counter() - started) * 1000)
    return render(renderer, call, taken, [("openai-processing-ms", str(elapsed_ms)), *_retry_headers(taken.outcome, settings.retry_after)])


def render(renderer: Renderer, call: Call, taken: Taken, headers: Headers) -> Answer:
    """What was taken, as an answer; `headers` are added to its own."""
    headers = _proof(taken) + headers
    if isinstance(taken.outcome, Failure):
        return fail(renderer, taken.outcome, headers)
    return _reply(renderer, call, taken, taken.outcome, headers)


def refuse(renderer: Renderer, error: RequestError, environ: Mapping[str, Any]) -> Answer:
    """A request that was found wrong, as an answer."""
    kind = {404: "not_found", 413: "too_large"}.get(error.status, "invalid_request" if error.status < 500 else "unavailable")
    failure = Failure(error.status, kind, error.message, error.code, error.param)
    refused = fail(renderer, failure)
    return Answer(413, refused.headers, _then_stop_reading(refused.body, environ)) if error.status == 413 else refused


def fail(renderer: Renderer, failure: Failure, headers: Headers | None = None) -> Answer:
    """A failure as an answer: plain JSON, also where a stream was asked for."""
    request_id = new_request_id()
    body = compact(renderer.error(failure, request_id)).encode("ascii")
    lead = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), (renderer.request_id_header, request_id)]
    return Answer(failure.status, lead + (headers or []) + list(failure.headers.items()), [body])


def new_request_id() -> str:
    """An id for one request, as the providers form it."""
    return f"req_{secrets.token_hex(16)}"


def _reply(renderer: Renderer, call: Call, taken: Taken, reply: Reply, headers: Headers) -> Answer:
    usage = Usage(prompt_tokens(call.conversation), completion_tokens(reply))
    stamp = Stamp(_generation(taken), taken.claim.position, int(time.time()), usage)
    headers = [(renderer.request_id_header, new_request_id()), *headers]
    if call.stream:
        lead = [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")]
        return Answer(200, lead + headers, _joined(renderer.events(reply, call, stamp)))
    body = compact(renderer.payload(reply, call, stamp)).encode("ascii")
    return Answer(200, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers], [body])


def _joined(events: Iterable[Event]) -> Iterator[bytes]:
    """Frames joined into writes that end at a frame's end: a system call for each frame costs ten times as much."""
    frames: list[bytes] = []
    size = 0
    for event in events:
        frame = event.frame()
        if size and size + len(frame) > MAX_WRITE:
            yield b"".join(frames)
            frames, size = [], 0
        frames.append(frame)
        size += len(frame)
    yield b"".join(frames)


def _generation(taken: Taken) -> str:
    return f"{taken.claim.generation:016x}"


def _proof(taken: Taken) -> Headers:
    """The headers that prove the order from outside."""
    headers = [("X-LLMSim-Generation", _generation(taken)), ("X-LLMSim-Position", str(taken.claim.position))]
    if taken.index is not None:
        headers.append(("X-LLMSim-Turn", str(taken.index)))
    return [*headers, ("X-LLMSim-Worker", f"{HOST}:{os.getpid()}")]


def _retry_headers(outcome: Reply | Failure, retry_after: int) -> Headers:
    """What a 429 tells a client. Retry-After is whole seconds: without it Codex and LangChain.js give up, with a fraction Codex does."""
    if not isinstance(outcome, Failure) or outcome.status != 429:
        return []
    return [
        ("Retry-After", str(retry_after)),
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", f"{retry_after}s"),
    ]


def _then_stop_reading(body: Iterable[bytes], environ: Mapping[str, Any]) -> Iterator[bytes]:
    """The body, and once it was handed over an end to the request's."""
    try:
        yield from body
    finally:
        stop_reading(environ)
