"""The request path that every API shares: read, claim, play and render, all of it on record.

It knows no Flask: what comes in is a WSGI environment, what goes out an `Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from llmsim.apis.renderer import Renderer, Shape
from llmsim.playback import Playback, Taken
from llmsim.playback.findings import Findings
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Failure, Reply
from llmsim.serving import exhausted
from llmsim.serving.protocol import ProtocolCheck
from llmsim.serving.record import Record
from llmsim.serving.recorded import body_of, recorded
from llmsim.serving.rendering import Answer, Headers, fail, render, worker
from llmsim.settings import Settings

_FINDINGS = Findings()


def answer(renderer: Renderer, settings: Settings, environ: Mapping[str, Any]) -> Answer:
    """Serve one request. A request that is refused has consumed no turn.

    Every failure leaves in the renderer's dialect.
    """

    def play(playback: Playback, record: Record) -> Answer:
        return _played(renderer, settings, playback, record)

    return recorded(renderer, settings, environ, play)


def _played(renderer: Renderer, settings: Settings, playback: Playback, record: Record) -> Answer:
    started = time.perf_counter()
    body = body_of(settings, record)
    call = renderer.read(body)
    request = record.request(call, body)
    check = ProtocolCheck(renderer, request, record.protocol_in, settings.protocol_check)
    try:
        taken = playback.take(request, check)
    except WithheldError as error:
        return _withheld(renderer, settings, record, error)
    finally:
        record.violated(check.found)
    if isinstance(taken.outcome, Failure):
        taken = taken._replace(outcome=renderer.in_own_words(taken.outcome))
        taken = exhausted.told(taken, record.session, call.conversation)
    headers = [
        ("X-LLMSim-Session", record.session),
        *_retry_headers(renderer, taken.outcome, settings.retry_after),
    ]
    if renderer.processing_ms_header:
        headers.append(
            (renderer.processing_ms_header, str(int((time.perf_counter() - started) * 1000)))
        )
    answered = render(renderer, call, taken, headers)
    record.took(taken, _conversation(renderer, call.shape, taken), stream=call.stream)
    if record.is_kept:
        record.found(_FINDINGS.of(request, taken, renderer.answer_schema(body)))
    record.answer(answered, taken.outcome)
    return answered


def _withheld(
    renderer: Renderer, settings: Settings, record: Record, error: WithheldError
) -> Answer:
    """The answer to a request that took no turn."""
    headers = [
        ("X-LLMSim-Session", record.session),
        ("X-LLMSim-Worker", worker()),
        *_retry_headers(renderer, error.failure, settings.retry_after),
    ]
    if error.injected:
        headers.append(("X-LLMSim-Injected", error.injected))
    answered = fail(renderer, error.failure, headers)
    record.withheld(error.reason)
    record.answer(answered, error.failure)
    return answered


def _conversation(renderer: Renderer, shape: Shape, taken: Taken) -> str | None:
    """What names the conversation under the order by history."""
    if taken.standing is None:
        return None
    if taken.standing.conversation is None and isinstance(taken.outcome, Reply):
        return renderer.sent_back(taken.outcome, shape, taken.marks)
    return taken.standing.conversation


def _retry_headers(renderer: Renderer, outcome: Reply | Failure, default: int) -> Headers:
    """When a client shall ask again: said by every 429, and where the script says so.

    Retry-After is whole seconds.

    Without it Codex and LangChain.js give up, with a fraction Codex does. The SDKs of OpenAI and
    Anthropic take a 0 for none and wait by their own rule; `retry-after-ms` they read first.
    """
    if not isinstance(outcome, Failure):
        return []
    is_limit = outcome.status == 429
    seconds = default if is_limit and outcome.retry_after is None else outcome.retry_after
    if seconds is None:
        return []
    at_once = [] if seconds else [("retry-after-ms", "1")]
    limit = renderer.rate_limit(seconds, int(time.time())) if is_limit else []
    return [("Retry-After", str(seconds)), *at_once, *limit]
