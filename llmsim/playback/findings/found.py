"""All that is found at one request and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from llmsim.conversation import Request
from llmsim.playback.findings.finding import FOREIGN_ANSWERS, Finding
from llmsim.playback.findings.fitting import Fitting
from llmsim.playback.findings.sent_back import sent_back
from llmsim.playback.taken import Taken
from llmsim.reply import Reply

_FOREIGN: Final = (
    "answers in this history are not the script's, and count as steps; if they are examples in "
    'the prompt, give the script "steps": "own"'
)


class Findings:
    """Finds what is odd, and remembers what it has checked."""

    def __init__(self) -> None:
        self._fitting = Fitting()

    def of(
        self, request: Request, taken: Taken, schema: Any, before: Callable[[], Iterable[Reply]]
    ) -> list[Finding]:
        """What is odd about the request and what it got.

        `schema` is the JSON Schema that the request wants the answer's text to fit, None for none.
        `before` gives the replies that may have been served last before it.
        """
        found = sent_back(request.conversation.messages, before)
        if not found and taken.standing is not None and taken.standing.foreign_steps:
            found.append(Finding(FOREIGN_ANSWERS, _FOREIGN))
        reply = taken.outcome
        if isinstance(reply, Reply) and (reply.calls or schema is not None):
            turn = None
            if taken.turn is not None and not taken.turn.reads_request:
                turn = (taken.claim.script, taken.line.place, taken.turn_index)
            if reply.calls:
                found += self._fitting.calls(turn, reply, request.conversation)
            elif not reply.refusal:
                found += self._fitting.text(turn, reply, schema)
        return found
