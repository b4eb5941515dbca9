"""`mixed`: the model says something and calls tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Block, Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.call import Call, calls_field, checked_calls
from llmsim.script.turns.calling import Replies
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class Mixed(Replying):
    """Text, then one or more tool calls. `calls` may be given as a list and is kept as a tuple."""

    text: str
    calls: Sequence[Call]
    _replies: Replies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        self.check()
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_replies", Replies(self.calls, self._with_text))

    @property
    def reads_request(self) -> bool:
        """See `Turn.reads_request`."""
        return self._replies.read_request

    def play(self, serial: str, request: Request) -> Reply:
        """The text, then the calls."""
        return self._replies.to(serial, request, self._with_text)

    def _with_text(self, *blocks: Block) -> Reply:
        return self.reply(Text(self.text), *blocks)


class MixedSchema(ReplyingSchema):
    """The assistant says something and calls tools."""

    makes = Mixed
    text = fields.text("What the assistant says.")
    calls = calls_field()
