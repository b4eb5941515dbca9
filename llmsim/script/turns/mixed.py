"""`mixed`: the model says something and calls tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.call import Call, blocks_at, calls_field, checked_calls, have_ids
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class Mixed(Replying):
    """Text, then one or more tool calls. `calls` may be given as a list and is kept as a tuple."""

    text: str
    calls: Sequence[Call]
    _reply: Reply | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        self.check()
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_reply", self._reply_at("") if have_ids(self.calls) else None)

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The text, then the calls."""
        return self._reply or self._reply_at(serial)

    def _reply_at(self, serial: str) -> Reply:
        return self.reply(Text(self.text), *blocks_at(serial, self.calls))


class MixedSchema(ReplyingSchema):
    """The assistant says something and calls tools."""

    makes = Mixed
    text = fields.text("What the assistant says.")
    calls = calls_field()
