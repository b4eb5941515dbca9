"""All that is found at one request and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmsim.conversation import Request
from llmsim.playback.findings.finding import Finding
from llmsim.playback.findings.fitting import Fitting
from llmsim.playback.findings.sent_back import results
from llmsim.playback.taken import Taken
from llmsim.reply import Reply


class Findings:
    """Finds what is odd, and remembers what it has checked."""

    def __init__(self) -> None:
        self._fitting = Fitting()

    def of(self, request: Request, taken: Taken, schema: Any) -> list[Finding]:
        """What is odd about the request and what it got.

        `schema` is the JSON Schema that the request wants the answer's text to fit, None for none.
        """
        found = list(results(request.conversation.messages))
        if isinstance(taken.outcome, Reply):
            found += self._unfit(taken.outcome, request, taken, schema)
        return found

    def _unfit(
        self, reply: Reply, request: Request, taken: Taken, schema: Any
    ) -> Iterator[Finding]:
        turn = None
        if taken.turn is not None and not taken.turn.reads_request:
            turn = (taken.claim.script, taken.turn_index)
        if reply.calls:
            yield from self._fitting.calls(turn, reply, request.conversation.tools)
        elif schema is not None and not reply.refusal:
            found = self._fitting.text(turn, reply, schema)
            if found:
                yield found
