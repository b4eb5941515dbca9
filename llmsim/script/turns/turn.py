"""What every turn type has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from llmsim.conversation import Conversation
from llmsim.reply import Failure, Reply
from llmsim.script import fields
from llmsim.script.fields import PartSchema


class Turn(ABC):
    """One step of a script: a frozen dataclass without state.

    A turn that calls tools has them as `calls`.

    `reads_conversation` says whether `play` looks at its conversation; what does not may be
    rendered once and kept.
    """

    __slots__ = ()

    reads_conversation: ClassVar[bool] = False

    @abstractmethod
    def play(self, position: int, conversation: Conversation) -> Reply | Failure:
        """The answer to the request that took `position`.

        Positions count from 0; none is used twice in a session's generation.
        """


class TurnSchema(PartSchema):
    """The keys that every turn has."""

    discriminators = ("type",)
    comment = fields.note("For human readers; means nothing.")
