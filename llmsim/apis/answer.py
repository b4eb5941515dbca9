"""The request path that every API shares: read, claim, play, render, and put on record.

It knows no Flask: what comes in is a WSGI environment, what goes out an `Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmsim.apis.body import as_object, parsed, read_body, stop_reading
from llmsim.apis.renderer import Renderer
from llmsim.apis.rendering import Answer, Headers, fail, failure_of, render, worker
from llmsim.errors import RequestError, StoreError
from llmsim.journal.record import Record
from llmsim.playback import Playback
from llmsim.reply import Failure, Reply
from llmsim.sessions import session_of
from llmsim.settings import Settings
from llmsim.shared import shared


def answer(renderer: Renderer, settings: Settings, environ: Mapping[str, Any]) -> Answer:
    """Serve one request. A request that is refused has consumed no turn; every failure leaves in the renderer's dialect."""
    try:
        playback = shared(settings, environ)
        session = session_of(environ)
    except (RequestError, StoreError) as error:
        return fail(renderer, failure_of(error))
    record = Record(settings, environ, session, renderer.name)
    answered = _answered(renderer, settings, playback, record)
    if settings.journal_mode == "off":
        return answered
    return replace(answered, body=record.written(answered.body, playback.store))


def _answered(renderer: Renderer, settings: Settings, playback: Playback, record: Record) -> Answer:
    started = time.perf_counter()
    try:
        call = renderer.read(_body(settings, record))
        taken = playback.take(record.session, call.conversation)
    except (RequestError, StoreError) as error:
        failure = failure_of(error)
        record.answer(failure.status, failure, worker())
        answered = fail(renderer, failure)
        return replace(answered, body=_then_stop_reading(answered.body, record.environ)) if failure.kind == "too_large" else answered
    elapsed_ms = int((time.perf_counter() - started) * 1000)
    headers = [("X-LLMSim-Session", record.session), ("openai-processing-ms", str(elapsed_ms))]
    answered = render(renderer, call, taken, headers + _retry_headers(taken.outcome, settings.retry_after))
    record.took(taken.claim, taken.index, stream=call.stream)
    record.answer(answered.status, taken.outcome, worker())
    return answered


def _body(settings: Settings, record: Record) -> dict[str, Any]:
    """The request's body, put on record before it is judged."""
    body = read_body(record.environ, settings.max_body_bytes)
    record.sent(body)
    value = parsed(body, record.environ)
    record.understood(body, value)
    return as_object(value)


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
