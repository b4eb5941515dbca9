"""`assistant`: the model says something."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class Assistant(Replying):
    """Text and nothing else."""

    text: str
    _reply: Reply = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        self.check()
        object.__setattr__(self, "_reply", self.reply(Text(self.text)))

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The text."""
        return self._reply


class AssistantSchema(ReplyingSchema):
    """The assistant says something."""

    makes = Assistant
    text = fields.text("What the assistant says.")
