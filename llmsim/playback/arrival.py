"""By arrival: each request takes the next turn, whoever sent it."""

from __future__ import annotations

from llmsim.playback.order import Asked, Decision, Order, generation_mark
from llmsim.playback.taken import Taken, serial_of
from llmsim.script import Script
from llmsim.store.base import TURN, Claim


class ByArrival(Order):
    """The place chooses the turn, whatever the request says."""

    def decide(self, asked: Asked) -> Decision:
        """The place of the script's own turns."""
        return _Next(self.script, asked)


class _Next(Decision):
    """The turn at the place that will be claimed."""

    take = TURN

    def __init__(self, script: Script, asked: Asked) -> None:
        self._script = script
        self._asked = asked

    def taken(self, claim: Claim) -> Taken:
        """See `Decision.taken`."""
        script, marks = self._script, (generation_mark(claim), str(claim.position))
        index = script.index(claim.place)
        if index is None:
            return Taken(claim, None, None, script.exhausted_failure(), marks)
        turn = script.turns[index]
        outcome = turn.play(serial_of(marks), self._asked.conversation)
        return Taken(claim, index, turn, outcome, marks)
