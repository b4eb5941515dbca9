"""The request path that every API shares: read, claim, play and render, all of it on record.

It knows no Flask: what comes in is a WSGI environment, what goes out an `Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from llmsim.apis.renderer import Renderer, Shape
from llmsim.playback import Playback, Taken
from llmsim.playback.findings import Findings
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Reply
from llmsim.serving import exhausted
from llmsim.serving.counted import REFUSED
from llmsim.serving.protocol import ProtocolCheck
from llmsim.serving.rate_headers import rate_headers
from llmsim.serving.record import Record
from llmsim.serving.recorded import read, recorded
from llmsim.serving.rendering import Answer, render, spoken
from llmsim.serving.withheld import withheld
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
    count = record.count
    count.turn = REFUSED
    reading = read(renderer, settings, record)
    call, body = reading.call, reading.fields
    count.stream, count.model = call.stream, call.model
    request = record.request(call, body)
    check = ProtocolCheck(reading, request, record.protocol_in, settings.protocol_check)
    try:
        taken = playback.take(request, check, record.caller, count.claimed)
    except WithheldError as error:
        count.withheld(error)
        return withheld(renderer, settings, record, error)
    finally:
        record.violated(check.found)
    taken = exhausted.told(spoken(renderer, taken), record.session, call.conversation)
    headers = [
        ("X-LLMSim-Session", record.session),
        *rate_headers(renderer, taken.outcome, taken.allowances, settings.retry_after),
    ]
    if renderer.processing_ms_header:
        headers.append(
            (renderer.processing_ms_header, str(int((time.perf_counter() - started) * 1000)))
        )
    answered = render(renderer, call, taken, headers)
    count.took(taken, answered.usage)
    record.took(taken, _conversation(renderer, call.shape, taken), stream=call.stream)
    if record.is_kept:
        before = partial(playback.before, taken)
        record.found(_FINDINGS.of(request, taken, renderer.answer_schema(body), before))
    record.answer(answered, taken.outcome)
    return answered


def _conversation(renderer: Renderer, shape: Shape, taken: Taken) -> str | None:
    """What names the conversation under the order by history."""
    if taken.standing is None:
        return None
    if taken.standing.conversation is None and isinstance(taken.outcome, Reply):
        return renderer.sent_back(taken.outcome, shape, taken.marks)
    return taken.standing.conversation
