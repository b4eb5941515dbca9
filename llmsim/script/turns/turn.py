"""What every turn type has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from llmsim.conversation import Request
from llmsim.reply import Failure, Reply
from llmsim.script.fields import PartSchema
from llmsim.script.turn_keys import TurnKeys, TurnKeysSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(TurnKeys, ABC):
    """One step of a script: a frozen dataclass without state.

    A turn that calls tools has them as `calls`. A subclass calls `check_keys` when it is made.

    `makes_text` says whether the text in its answer may be another one for each request.
    """

    makes_text: ClassVar[bool] = False

    @property
    def reads_request(self) -> bool:
        """Whether `play` looks at its request; what does not may be rendered once and kept."""
        return False

    @property
    def leaves_trace(self) -> bool:
        """Whether clients put the answer into their history."""
        return self.fault is None or self.fault.leaves_trace

    def answer(self, serial: str, request: Request) -> Reply | Failure:
        """What goes out: what is played, with what the turn's fault makes of it. See `play`."""
        played = self.play(serial, request)
        return played if self.fault is None else self.fault.outcome(played, stream=request.stream)

    @abstractmethod
    def play(self, serial: str, request: Request) -> Reply | Failure:
        """The answer to a request.

        `serial` makes the call ids of this answer unique: the position, which is used once in a
        session's generation, and under the order `history` also where the conversation stands.
        """


class TurnSchema(TurnKeysSchema, PartSchema):
    """The keys that every turn has."""

    discriminators = ("type",)
