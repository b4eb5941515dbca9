"""`tool_calls`: the model calls tools and says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmsim.conversation import Conversation
from llmsim.reply import Reply
from llmsim.script.turns.call import Call, calls_field, checked_calls, reply_at, settled_reply
from llmsim.script.turns.turn import Turn, TurnSchema


@dataclass(frozen=True, slots=True)
class ToolCalls(Turn):
    """One or more tool calls, without text. `calls` may be given as a list and is kept as a tuple."""

    calls: tuple[Call, ...]
    _reply: Reply | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_reply", settled_reply((), self.calls))

    def play(self, position: int, conversation: Conversation) -> Reply:  # noqa: ARG002
        """The calls."""
        return self._reply or reply_at(position, (), self.calls)


class ToolCallsSchema(TurnSchema):
    """The assistant calls tools and says nothing."""

    makes = ToolCalls
    calls = calls_field()
