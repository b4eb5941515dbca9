"""`tool_calls`: the model calls tools and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Reply
from llmsim.script.turns.call import Call, calls_field, checked_calls
from llmsim.script.turns.calling import Replies
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class ToolCalls(Replying):
    """One or more tool calls, without text. `calls` may be a list and is kept as a tuple."""

    calls: Sequence[Call]
    _replies: Replies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.check()
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_replies", Replies(self.calls, self.reply))

    @property
    def reads_request(self) -> bool:
        """See `Turn.reads_request`."""
        return self._replies.read_request

    def play(self, serial: str, request: Request) -> Reply:
        """The calls."""
        return self._replies.to(serial, request, self.reply)


class ToolCallsSchema(ReplyingSchema):
    """The assistant calls tools and says nothing."""

    makes = ToolCalls
    calls = calls_field()
