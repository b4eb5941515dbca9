"""By arrival: each request takes the next turn, whoever sent it."""

from __future__ import annotations

from collections.abc import Iterator

from llmsim.conversation import Request
from llmsim.delivery import delivery_of
from llmsim.made_ids import MadeId, generation_mark
from llmsim.playback.earlier import Earlier
from llmsim.playback.expecting import checked
from llmsim.playback.line import ALONE, Line
from llmsim.playback.order import Decision, Order
from llmsim.playback.taken import Taken
from llmsim.script import Script, Turn
from llmsim.store.base import Claim, Take

_LOOKED_BACK = 5  # turns: errors and cut answers may lie between


class ByArrival(Order, Decision):
    """The place chooses the turn: the same decision for every request, whatever it says."""

    def __init__(self, script: Script, line: Line = ALONE) -> None:
        super().__init__(script, line)
        self.take = Take(line.place)

    def decide(self, request: Request) -> Decision:  # noqa: ARG002
        """The place of the line."""
        return self

    def before(self, taken: Taken) -> Iterator[Turn]:
        """See `Order.before`: the turns of the places before, if one agent asks."""
        last = taken.claim.place - 1
        for place in range(last, max(last - _LOOKED_BACK, -1), -1):
            index = self.script.index(place)
            if index is not None:
                yield self.script.turns[index]

    def answered(self, made: MadeId) -> int | None:
        """See `Order.answered`. Without tracks, position and place are the same number."""
        if made.is_by_history or self.line != ALONE:
            return None
        return self.script.index(made.position)

    def taken(self, claim: Claim, request: Request) -> Taken:
        """See `Decision.taken`."""
        script, position = self.script, str(claim.position)
        marks = (generation_mark(claim.generation), position)
        index = script.index(claim.place)
        if index is None:
            failure = script.exhausted_failure(self.line.track)
            return Taken(claim, None, None, failure, marks, line=self.line)
        turn = script.turns[index]
        outcome = turn.answer(position, request)
        delivery = delivery_of(script, turn, outcome, request, claim.position)
        taken = Taken(claim, index, turn, outcome, marks, delivery=delivery, line=self.line)
        if turn.expect is None:
            return taken
        request = Earlier(self, claim.generation).completed(request)
        return checked(taken, turn.expect, request, script.on_mismatch)
