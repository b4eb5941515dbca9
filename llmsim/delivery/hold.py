"""Waiting at a gate. No lock is held meanwhile: the store is asked again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from llmsim.errors import StoreError
from llmsim.script.gate import SERVER, Gate
from llmsim.store.base import Store
from llmsim.store.gates import GateKey, Waiter

RELEASED: Final = "released"
RESET: Final = "reset"  # its generation is over
MAX_HOLD: Final = "max_hold"
CLIENT_GONE: Final = "client_gone"
NO_STORE: Final = "store_unavailable"

_SHORTEST_PAUSE: Final = 0.002  # seconds
_LONGEST_PAUSE: Final = 0.03
_LONGER: Final = 1.3


@dataclass(slots=True)
class Hold:
    """One answer at its gate; `is_gone` says whether its client has left."""

    gate: Gate
    who: Waiter
    generation: int
    is_gone: Callable[[], bool]
    facts: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.facts = {
            "name": self.gate.name,
            "scope": self.gate.scope,
            "ticket": None,
            "held_ms": None,
            "by": None,
        }

    def wait(self, store: Store) -> float:
        """Wait, and note in `facts` for how long and what ended it; the seconds that it took."""
        began = time.monotonic()
        since = time.time()
        who = self.who._replace(since=since, until=since + self.gate.max_hold_s)
        key, ticket, by = self._key(), None, NO_STORE
        # An answer that has begun cannot fail: without a store it goes on.
        with suppress(StoreError):
            ticket = store.gates.enter(key, who, self.gate.count)
            deadline = began + self.gate.max_hold_s
            by = RESET if ticket is None else self._waited(store, key, ticket, deadline)
        held = time.monotonic() - began
        self.facts |= {"ticket": ticket, "held_ms": round(held * 1000, 3), "by": by}
        return held

    def _key(self) -> GateKey:
        if self.gate.scope == SERVER:
            return GateKey(self.gate.name)
        return GateKey(self.gate.name, self.who.session, self.generation)

    def _waited(self, store: Store, key: GateKey, ticket: int, deadline: float) -> str:
        """What ended the wait. A ticket that was not used goes back, whatever ends it."""
        pause, by = _SHORTEST_PAUSE, NO_STORE
        try:
            while not (by := self._end(store.gates.may_pass(key, ticket), deadline)):
                time.sleep(pause)
                pause = min(pause * _LONGER, _LONGEST_PAUSE)
        finally:
            if by != RELEASED:
                with suppress(StoreError):
                    store.gates.leave(key, ticket)
        return by

    def _end(self, passes: bool | None, deadline: float) -> str:
        """What ends the wait, nothing where it goes on."""
        if self.is_gone():
            return CLIENT_GONE
        if passes is None:
            return RESET
        if passes:
            return RELEASED
        return MAX_HOLD if time.monotonic() >= deadline else ""
