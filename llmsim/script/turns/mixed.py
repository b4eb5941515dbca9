"""`mixed`: the model says something and calls tools."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmsim.conversation import Conversation
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.call import Call, calls_field, checked_calls, reply_at, settled_reply
from llmsim.script.turns.turn import Turn, TurnSchema


@dataclass(frozen=True, slots=True)
class Mixed(Turn):
    """Text, then one or more tool calls. `calls` may be given as a list and is kept as a tuple."""

    text: str
    calls: tuple[Call, ...]
    _reply: Reply | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        object.__setattr__(self, "calls", checked_calls(self.calls))
        object.__setattr__(self, "_reply", settled_reply((Text(self.text),), self.calls))

    def play(self, position: int, conversation: Conversation) -> Reply:  # noqa: ARG002
        """The text, then the calls."""
        return self._reply or reply_at(position, (Text(self.text),), self.calls)


class MixedSchema(TurnSchema):
    """The assistant says something and calls tools."""

    makes = Mixed
    text = fields.text("What the assistant says.")
    calls = calls_field()
