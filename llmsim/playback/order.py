"""Which turn a request gets: the contract of the two orders. An order is made once for a script."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

from llmsim.conversation import Request
from llmsim.made_ids import MadeId
from llmsim.playback.admission import Admission
from llmsim.playback.line import ALONE, Line
from llmsim.playback.taken import Taken
from llmsim.script import Script, Turn
from llmsim.store.base import Claim, Take


class Decision(ABC):
    """What is decided for a request before its claim."""

    take: Take

    @abstractmethod
    def taken(self, claim: Claim, request: Request) -> Taken:
        """What the claim plays for the request that it was decided for."""


class Chooser(ABC):
    """Finds the line of turns of a request, in a script or among several."""

    @abstractmethod
    def order_for(self, request: Request, published: int = 0) -> Order:
        """What decides for the request in the end: the order of its line of turns.

        `published` is the key of what is published, where a name stands for one of its scripts.

        Raises:
            RequestError: there are no turns for it.
        """


class ScriptChooser(Chooser):
    """Finds the line of turns of a request in one script."""

    def __init__(self, script: Script) -> None:
        self.script = script

    @abstractmethod
    def order_of(self, line: Line) -> Order | None:
        """What decides for the requests of that line; None where it is none of the script's."""


class Order(ScriptChooser):
    """Decides for the requests of a line of turns. `script` has the turns of the line."""

    def __init__(self, script: Script, line: Line = ALONE) -> None:
        super().__init__(script)
        self.admission = Admission(script)
        self.line = line

    @abstractmethod
    def decide(self, request: Request) -> Decision:
        """What the request is to take, and then to get. It takes nothing yet.

        Raises:
            RequestError: the script has no turns for it.
        """

    def order_for(self, request: Request, published: int = 0) -> Order:  # noqa: ARG002
        """See `Chooser.order_for`."""
        return self

    def order_of(self, line: Line) -> Order | None:
        """See `ScriptChooser.order_of`."""
        return self if line == self.line else None

    @abstractmethod
    def before(self, taken: Taken) -> Iterator[Turn]:
        """The turns that may have given the last answer in the history of what was taken.

        As far as that is known, and the last one first.
        """

    @abstractmethod
    def answered(self, made: MadeId) -> int | None:
        """The index of the turn that gave the answer with that id; None where none is known."""

    @cached_property
    def call_ids(self) -> frozenset[str] | None:
        """The call ids that the turns have; None where they are not known: see `may_think`."""
        turns = self.script.turns
        if not isinstance(turns, tuple):
            return None
        calls = (call for turn in turns for call in getattr(turn, "calls", ()))
        return frozenset(call.id for call in calls if call.id is not None)

    @cached_property
    def may_think(self) -> bool:
        """Whether any turn may begin with reasoning: a large script is not read for it."""
        turns = self.script.turns
        return not isinstance(turns, tuple) or any(
            getattr(turn, "reasoning", None) is not None for turn in turns
        )
