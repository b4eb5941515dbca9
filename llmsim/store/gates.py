"""Gates as a store keeps them: who may pass, and who waits. Every change is one step for all.

Each who comes takes a ticket: 0, 1, 2, and so on. Tickets below `released` may pass. Who has gone
gives the ticket back, and then another one passes in the place of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, NamedTuple

OPEN: Final = 10**12
"""What is released where a gate is open: more than there will ever be tickets."""

LATE: Final = 1  # seconds after which one whose time is up has not left, but was killed


class GateKey(NamedTuple):
    """Which gate: of a session, for as long as its generation lasts, or of all sessions.

    `session` is empty for those, and the generation 0.
    """

    name: str
    session: str = ""
    generation: int = 0


class Waiter(NamedTuple):
    """Who waits at a gate, from when on, and at most until when; in Unix seconds."""

    session: str
    position: int
    worker: str
    since: float
    until: float


class GateState(NamedTuple):
    """A gate as it stands: tickets that were taken, those released, and who waits, by ticket."""

    name: str
    tickets: int
    released: int
    waiting: dict[int, Waiter]


class Gates(ABC):
    """The gates of a store. Every method may raise `StoreError`."""

    @abstractmethod
    def enter(self, gate: GateKey, who: Waiter, count: int | None) -> int | None:
        """Take a ticket of a gate; None where the session is of another generation by now.

        As soon as `count` wait there, all who wait may pass.
        """

    @abstractmethod
    def may_pass(self, gate: GateKey, ticket: int) -> bool | None:
        """Whether that ticket may pass; None where the gate is no more. It may be asked often."""

    @abstractmethod
    def leave(self, gate: GateKey, ticket: int) -> None:
        """Give a ticket back that was not used: if it might have passed, another one may."""

    @abstractmethod
    def release(self, gate: GateKey, count: int | None) -> GateState | None:
        """Let so many more pass, those who wait first; None opens the gate.

        How it stands then; None where the session is of another generation by now.
        """

    @abstractmethod
    def close(self, gate: GateKey) -> bool:
        """Forget a gate: who waits there passes, and it begins anew. False where there is none."""

    @abstractmethod
    def all(self, session: str, generation: int) -> list[GateState]:
        """Every gate of the session to which somebody has come; of all sessions for `"", 0`."""


class Gate:
    """A gate, over a value that JSON can hold; it is changed in place.

    A thousand may wait there, so they stay as they are kept until somebody asks for them.
    """

    def __init__(self, kept: dict[str, Any] | None = None) -> None:
        self.kept = kept or {"tickets": 0, "released": 0, "waiting": {}}
        self._waiting: dict[str, list[Any]] = self.kept["waiting"]

    def state(self, name: str) -> GateState:
        """The gate as it stands."""
        waiting = {int(ticket): Waiter(*who) for ticket, who in self._waiting.items()}
        return GateState(name, self.kept["tickets"], self._released, waiting)

    @property
    def _released(self) -> int:
        released: int = self.kept["released"]
        return released

    def enter(self, who: Waiter, count: int | None) -> int:
        """Take a ticket. As soon as `count` wait, they all pass."""
        ticket: int = self.kept["tickets"]
        self.kept["tickets"] = ticket + 1
        if self._released > ticket:
            return ticket
        self._waiting[str(ticket)] = [*who]
        if count is not None and len(self._waiting) >= count:
            self._forget_killed(who.since)
            if len(self._waiting) >= count:
                self.release(len(self._waiting))
        return ticket

    def leave(self, ticket: int) -> None:
        """Give a ticket back that was not used."""
        if self._waiting.pop(str(ticket), None) is None and ticket < self._released < OPEN:
            self.release(1)

    def release(self, count: int | None) -> None:
        """Let so many more pass, those who wait first; None opens the gate."""
        if count is None or self._released == OPEN:
            self.kept["released"] = OPEN
            self._waiting.clear()
            return
        first = sorted(map(int, self._waiting))[:count]
        for ticket in first:
            del self._waiting[str(ticket)]
        if first:
            self.kept["released"] = first[-1] + 1
        if count > len(first):
            later = max(self._released, self.kept["tickets"])
            self.kept["released"] = later + count - len(first)

    def _forget_killed(self, now: float) -> None:
        late = [ticket for ticket, who in self._waiting.items() if Waiter(*who).until + LATE < now]
        for ticket in late:
            del self._waiting[ticket]
