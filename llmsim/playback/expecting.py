"""Is the request what the turn expects? Looked at once the turn is taken, also of an error turn."""

from __future__ import annotations

from llmsim.conversation import Request
from llmsim.delivery import AT_ONCE
from llmsim.playback.answers import answers_in
from llmsim.playback.taken import Taken
from llmsim.reply import Failure
from llmsim.script.conditions import Difference
from llmsim.script.expect import OFF, REFUSE, Expectation


def checked(taken: Taken, expect: Expectation, request: Request, on_mismatch: str | None) -> Taken:
    """What was taken, with what its turn expects of the request and does not find.

    Where `on_mismatch` says so, the request is refused in the place of its answer.
    """
    if on_mismatch == OFF:
        return taken
    if taken.standing is None:
        step = len(answers_in(request.conversation.messages))
    else:
        step = taken.standing.step
    unmet = tuple(expect.differences(request, step))
    if not unmet:
        return taken
    taken = taken._replace(unmet=unmet)
    if on_mismatch != REFUSE:
        return taken
    return taken._replace(outcome=_refusal(taken.turn_index, unmet), delivery=AT_ONCE)


def _refusal(turn: int | None, unmet: tuple[Difference, ...]) -> Failure:
    """A retry would only take the next turn."""
    told = "; ".join(map(str, unmet))
    return Failure(
        400,
        "invalid_request",
        f"This request is not what turn {turn} of the script expects. {told}",
        code="expectation_failed",
        headers={"x-should-retry": "false"},
    )
