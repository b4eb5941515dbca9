"""Answers that a request refers to, told from their ids: no state is kept for it.

An id says which turn its answer was, and the turn says what it called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmsim.conversation import PREVIOUS_RESPONSE, CalledTool, Conversation, Request
from llmsim.made_ids import MadeId, generation_mark, serial_of, taken_apart
from llmsim.playback.line import ALONE
from llmsim.playback.order import Order
from llmsim.reply import Reply, ToolCall
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

    def calls(self, answer: MadeId) -> Sequence[str] | None:
        """The ids of the answer's calls; None where the answer is not known."""
        called = self._called(answer)
        return None if called is None else [call.id for call in called]

    def completed(self, request: Request) -> Request:
        """The request, with the calls of the response that it goes on from.

        As it is where it goes on from none, or from one that is not known.
        """
        conversation = request.conversation
        messages = conversation.messages
        at = _previous(conversation)
        answer = previous_response(conversation)
        called = self._called(answer) if answer else None
        if at is None or not called:
            return request
        told = tuple(CalledTool(call.name, "", call.id) for call in called)
        whole = (*messages[:at], messages[at]._replace(calls=told), *messages[at + 1 :])
        return request._replace(conversation=replace(conversation, messages=whole))

    def may_have_called(self, call_id: str, answer: MadeId) -> bool:
        """Whether an answer before that one may have made the call.

        In doubt it may: another line may have answered, and a large script is not read for it.
        """
        made = taken_apart(call_id)
        if made is not None:
            of_another_generation = not made.may_be_of(answer.generation)
            return of_another_generation or made.position < answer.position
        known = self._order.call_ids
        return self._order.line != ALONE or known is None or call_id in known

    def thought(self, answer: MadeId) -> bool:
        """Whether the answer is known to have begun with reasoning."""
        turn = self._turn(answer)
        return turn is not None and getattr(turn, "reasoning", None) is not None

    def _called(self, answer: MadeId) -> Sequence[ToolCall] | None:
        turn = self._turn(answer)
        if turn is None or turn.reads_request:
            return None
        reply = turn.play(serial_of(answer.marks), Request())
        return reply.calls if isinstance(reply, Reply) else None

    def _turn(self, answer: MadeId) -> Turn | None:
        if answer.generation != generation_mark(self.generation):
            return None
        index = self._order.answered(answer)
        return None if index is None else self._order.script.turns[index]


def previous_response(conversation: Conversation) -> MadeId | None:
    """What the id says of the response that a request goes on from; None where it says nothing."""
    at = _previous(conversation)
    return None if at is None else taken_apart(conversation.messages[at].item_id)


def _previous(conversation: Conversation) -> int | None:
    """The index of that response: it stands behind the instructions at the latest."""
    for at, message in enumerate(conversation.messages[:2]):
        if message.role == PREVIOUS_RESPONSE:
            return at
    return None
