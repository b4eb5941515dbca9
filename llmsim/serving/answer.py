"""The request path that every API shares: read, claim, play, render, and put on record.

It knows no Flask: what comes in is a WSGI environment, what goes out an `Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmsim.apis.renderer import Renderer
from llmsim.errors import RequestError, StoreError
from llmsim.playback import Playback
from llmsim.reply import Failure, Reply
from llmsim.serving.body import as_object, parsed, read_body, stop_reading
from llmsim.serving.record import Record
from llmsim.serving.rendering import Answer, Headers, fail, failure_of, render, worker
from llmsim.serving.session import session_of
from llmsim.serving.shared import shared
from llmsim.settings import Settings


def answer(renderer: Renderer, settings: Settings, environ: Mapping[str, Any]) -> Answer:
    """Serve one request. A request that is refused has consumed no turn.

    Every failure leaves in the renderer's dialect.
    """
    try:
        playback = shared(settings, environ)
        record = Record(settings, environ, session_of(environ), renderer.name)
        answered = _answered(renderer, settings, playback, record)
    except (RequestError, StoreError) as error:
        # Without a session, or without a store, there is no journal to write it down in.
        return fail(renderer, failure_of(error))
    if settings.journal_mode == "off":
        return answered
    return answered._replace(body=record.written(answered.body, playback.store))


def _answered(renderer: Renderer, settings: Settings, playback: Playback, record: Record) -> Answer:
    started = time.perf_counter()
    try:
        call = renderer.read(_body(settings, record))
        taken = playback.take(record.session, call.conversation)
    except RequestError as error:
        failure = failure_of(error)
        record.answer(failure.status, failure, worker())
        answered = fail(renderer, failure)
        if failure.kind == "too_large":
            return answered._replace(body=_then_stop_reading(answered.body, record.environ))
        return answered
    headers = [
        ("X-LLMSim-Session", record.session),
        *_retry_headers(renderer, taken.outcome, settings.retry_after),
    ]
    if renderer.processing_ms_header:
        headers.append(
            (renderer.processing_ms_header, str(int((time.perf_counter() - started) * 1000)))
        )
    answered = render(renderer, call, taken, headers)
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


def _retry_headers(renderer: Renderer, outcome: Reply | Failure, retry_after: int) -> Headers:
    """What a 429 tells a client. Retry-After is whole seconds.

    Without it Codex and LangChain.js give up, with a fraction Codex does. The SDKs of OpenAI and
    Anthropic take a 0 for none and wait by their own rule; `retry-after-ms` they read first.
    """
    if not isinstance(outcome, Failure) or outcome.status != 429:
        return []
    at_once = [] if retry_after else [("retry-after-ms", "1")]
    return [
        ("Retry-After", str(retry_after)),
        *at_once,
        *renderer.rate_limit(retry_after, int(time.time())),
    ]


def _then_stop_reading(body: Iterable[bytes], environ: Mapping[str, Any]) -> Iterator[bytes]:
    """The body, and once it was handed over an end to the request's."""
    try:
        yield from body
    finally:
        stop_reading(environ)
