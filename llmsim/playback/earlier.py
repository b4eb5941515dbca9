"""Answers that a request refers to, told from their ids: no state is kept for it.

An id says which turn its answer was, and the turn says what it called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmsim.conversation import PREVIOUS_RESPONSE, CalledTool, Conversation, Request
from llmsim.playback.order import Order
from llmsim.playback.taken import ALONE, serial_of
from llmsim.reply import MADE_CALL, Reply, ToolCall
from llmsim.script import Turn

_BY_HISTORY = 5  # numbers of a call id: generation, position, track, step and call; else two
_RESPONSE = re.compile("resp_llmsim_([0-9a-f]{16}(?:_[0-9]{1,18}){1,3})")
_MOST_DIGITS = 18  # of a position: clients may send numbers that nobody made


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
        called = self._called(marks)
        return None if called is None else [call.id for call in called]

    def completed(self, request: Request) -> Request:
        """The request, with the calls of the response that it goes on from.

        As it is where it goes on from none, or from one that is not known.
        """
        conversation = request.conversation
        messages = conversation.messages
        for at, message in enumerate(messages[:2]):  # behind the instructions at the latest
            if message.role != PREVIOUS_RESPONSE:
                continue
            made = _RESPONSE.fullmatch(message.item_id)
            if made and (called := self._called(made[1].split("_"))):
                told = tuple(CalledTool(call.name, "", call.id) for call in called)
                whole = (*messages[:at], message._replace(calls=told), *messages[at + 1 :])
                return request._replace(
                    conversation=Conversation(conversation.system, whole, conversation.tools)
                )
        return request

    def may_have_called(self, call_id: str, marks: Sequence[str]) -> bool:
        """Whether an answer before the one with these marks may have made the call.

        In doubt it may: another line may have answered, and a large script is not read for it.
        """
        if call_id.startswith(MADE_CALL):
            return _is_before(call_id.removeprefix(MADE_CALL).split("_"), marks)
        turns = self._order.script.turns
        if self._order.line != ALONE or not isinstance(turns, tuple):
            return True
        return any(call.id == call_id for turn in turns for call in getattr(turn, "calls", ()))

    def thought(self, marks: Sequence[str]) -> bool:
        """Whether the answer is known to have begun with reasoning."""
        turn = self._turn(marks)
        return turn is not None and getattr(turn, "reasoning", None) is not None

    def _called(self, marks: Sequence[str]) -> Sequence[ToolCall] | None:
        turn = self._turn(marks)
        if turn is None or turn.reads_request:
            return None
        reply = turn.play(serial_of(tuple(marks)), Request())
        return reply.calls if isinstance(reply, Reply) else None

    def _turn(self, marks: Sequence[str]) -> Turn | None:
        if marks[0] != f"{self.generation:016x}":
            return None
        index = self._order.answered(marks)
        return None if index is None else self._order.script.turns[index]


def _is_before(numbers: Sequence[str], marks: Sequence[str]) -> bool:
    """Whether these are of an answer before that with the marks; of another generation, any may."""
    if len(numbers) >= _BY_HISTORY:
        generation, *numbers = numbers
        if generation != marks[0][: len(generation)]:
            return True
    position = numbers[0]
    return len(position) <= _MOST_DIGITS and position.isdecimal() and int(position) < int(marks[1])
