"""`tool_calls`: the model calls tools and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llmsim.conversation import Request
from llmsim.reply import Reply
from llmsim.script.turns.call import (
    Call,
    are_fixed,
    blocks_at,
    calls_field,
    checked_calls,
)
from llmsim.script.turns.replying import Replying, ReplyingSchema
from llmsim.script.values import Values


@dataclass(frozen=True, slots=True)
class ToolCalls(Replying):
    """One or more tool calls, without text. `calls` may be a list and is kept as a tuple."""

    calls: Sequence[Call]
    _reads: bool = field(init=False, repr=False, compare=False)
    _reply: Reply | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.check()
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_reads", any(call.filling for call in self.calls))
        kept = self._reply_at("", None) if are_fixed(self.calls) else None
        object.__setattr__(self, "_reply", kept)

    @property
    def reads_request(self) -> bool:
        """See `Turn.reads_request`."""
        return self._reads

    def play(self, serial: str, request: Request) -> Reply:
        """The calls."""
        values = Values(request) if self._reads else None
        return self._reply or self._reply_at(serial, values)

    def _reply_at(self, serial: str, values: Values | None) -> Reply:
        reply = self.reply(*blocks_at(serial, self.calls, values))
        return replace(reply, not_found=values.not_found) if values else reply


class ToolCallsSchema(ReplyingSchema):
    """The assistant calls tools and says nothing."""

    makes = ToolCalls
    calls = calls_field()
