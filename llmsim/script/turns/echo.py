"""`echo`: the model says what the user said last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_string, require
from llmsim.script.turns.replying import Replying, ReplyingSchema


@dataclass(frozen=True, slots=True)
class Echo(Replying):
    """The text of the last user message, after `prefix`.

    Where there is no such message, `prefix` alone.
    """

    prefix: str = ""
    makes_text: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require("prefix", a_string(self.prefix))
        self.check()

    @property
    def reads_request(self) -> bool:
        """See `Turn.reads_request`."""
        return True

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The echo."""
        messages = reversed(request.conversation.messages)
        said = (message.text for message in messages if message.role == "user")
        return self.reply(Text(self.prefix + next(said, "")))


class EchoSchema(ReplyingSchema):
    """The assistant repeats the last user message."""

    makes = Echo
    prefix = fields.optional_string("What stands before it.", "")
