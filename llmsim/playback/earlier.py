"""Answers that a request refers to, told from their ids: no state is kept for it.

An id says which turn its answer was, and the turn says what it called.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmsim.conversation import Request
from llmsim.playback.order import Order
from llmsim.playback.taken import serial_of
from llmsim.reply import Reply
from llmsim.script import Turn


class Earlier:
    """What was answered in the generation that a session is in; of others nothing is known.

    It is what `apis.protocol.Earlier` asks for. `generation` is 0 where the next claim begins one.
    """

    def __init__(self, order: Order, generation: int) -> None:
        self._order = order
        self.generation = generation

    @property
    def may_have_thought(self) -> bool:
        """Whether any answer may have begun with reasoning."""
        return self._order.may_think

    def calls(self, marks: Sequence[str]) -> Sequence[str] | None:
        """The ids of the answer's calls; None where the answer is not known."""
        turn = self._turn(marks)
        if turn is None or turn.reads_request:
            return None
        reply = turn.play(serial_of(tuple(marks)), Request())
        return [call.id for call in reply.calls] if isinstance(reply, Reply) else None

    def thought(self, marks: Sequence[str]) -> bool:
        """Whether the answer is known to have begun with reasoning."""
        turn = self._turn(marks)
        return turn is not None and getattr(turn, "reasoning", None) is not None

    def _turn(self, marks: Sequence[str]) -> Turn | None:
        if marks[0] != f"{self.generation:016x}":
            return None
        index = self._order.answered(marks)
        return None if index is None else self._order.script.turns[index]
