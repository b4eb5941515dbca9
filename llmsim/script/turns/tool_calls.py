"""`tool_calls`: the model calls tools and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Reply
from llmsim.script.turns.call import Call, blocks_at, calls_field, checked_calls, have_ids
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class ToolCalls(Replying):
    """One or more tool calls, without text. `calls` may be a list and is kept as a tuple."""

    calls: Sequence[Call]
    _reply: Reply | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.check()
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_reply", self._reply_at("") if have_ids(self.calls) else None)

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The calls."""
        return self._reply or self._reply_at(serial)

    def _reply_at(self, serial: str) -> Reply:
        return self.reply(*blocks_at(serial, self.calls))


class ToolCallsSchema(ReplyingSchema):
    """The assistant calls tools and says nothing."""

    makes = ToolCalls
    calls = calls_field()
