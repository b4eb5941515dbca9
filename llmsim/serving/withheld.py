"""The answer to a request that gets an error in the place of a turn, and takes none."""

from __future__ import annotations

from llmsim.apis.renderer import Renderer
from llmsim.playback.withheld import WithheldError
from llmsim.reply import NO_ANSWER
from llmsim.serving import leave
from llmsim.serving.rate_headers import rate_headers
from llmsim.serving.record import Record
from llmsim.serving.rendering import Answer, fail, worker
from llmsim.settings import Settings


def withheld(
    renderer: Renderer, settings: Settings, record: Record, error: WithheldError
) -> Answer:
    """The answer, on record with its reason. It proves no order, for it has no place in it."""
    failure = renderer.in_own_words(error.failure)
    headers = [
        ("X-LLMSim-Session", record.session),
        ("X-LLMSim-Worker", worker()),
        *rate_headers(renderer, failure, error.allowances, settings.retry_after),
    ]
    if error.injected:
        headers.append(("X-LLMSim-Injected", error.injected))
    answered = fail(renderer, failure, headers)
    if failure.status == NO_ANSWER:
        answered = answered._replace(body=leave.no_answer())
    record.withheld(error.reason)
    record.answer(answered, failure)
    return answered
