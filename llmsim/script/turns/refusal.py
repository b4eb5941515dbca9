"""`refusal`: the model will not answer, and says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmsim import reply
from llmsim.conversation import Request
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class Refusal(Replying):
    """A refusal in the words of `text`."""

    text: str
    _reply: reply.Reply = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        self.check()
        object.__setattr__(self, "_reply", self.reply(reply.Refusal(self.text)))

    def play(self, serial: str, request: Request) -> reply.Reply:  # noqa: ARG002
        """The refusal."""
        return self._reply


class RefusalSchema(ReplyingSchema):
    """The assistant refuses."""

    makes = Refusal
    text = fields.text("How the assistant puts it.")
