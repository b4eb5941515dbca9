"""What is counted for the generation of a session beside its position: places, tries and sums.

A session is named here by where its state begins in the table. No lock is taken.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import time_ns

from llmsim.errors import LimitedError, TracksFullError
from llmsim.store.base import MAIN, Limit
from llmsim.store.counters import KEPT_PER_SESSION, SLOT, KeptCounters, Key, ReusedCounters
from llmsim.store.table_layout import (
    GENERATION,
    HEADER,
    PLACE,
    ROOM,
    ROW,
    ROW_COUNT,
    WORD,
    live_state,
)

_LOW_HALF = 2**32 - 1
_MOST_OWED = 3_600_000_000  # microseconds


def add_to(words: memoryview, place: int, number: int) -> int:
    """Add to a word, in one store; what it was before."""
    before: int = words[place]
    words[place] = before + number
    return before


def _now() -> int:
    """The time in microseconds, the same in all processes and after a restart."""
    return time_ns() // 1000


def _used(empty_at: int, now: int) -> int:
    """How full a bucket is that will be empty at that time.

    A clock that is set back must not close it for longer than the most that can be owed.
    """
    return min(max(empty_at - now, 0), _MOST_OWED)


class SessionCounters:
    """The counters in a table's words, which lie behind its rows."""

    def __init__(self, words: memoryview) -> None:
        self._words = words
        behind_rows = HEADER + words[ROW_COUNT] * ROW
        kept = words[ROOM] * KEPT_PER_SESSION
        self._kept = KeptCounters(words, behind_rows, kept, self._is_over)
        self._reused = ReusedCounters(words, behind_rows + kept * SLOT)

    def place(self, state: int, key: bytes | None) -> int:
        """Which word chooses the turn, 0 for none; the main line's is a part of the state.

        Raises:
            TracksFullError: the place is new and there is no room for it.
        """
        if key == MAIN:
            return state + PLACE
        if key is None:
            return 0
        try:
            return self._kept.place(self._key(state, key), self._owner(state))
        except LookupError:
            raise TracksFullError from None

    def tried(self, state: int, key: bytes) -> int:
        """Count one more try of that key; how many there were before."""
        return add_to(self._words, self._reused.place(self._key(state, key)), 1)

    def limited(self, state: int, limits: Sequence[Limit]) -> tuple[int, ...]:
        """Take of all these limits; how full they are then, in microseconds.

        Raises:
            LimitedError: one does not let it through; none was taken of.
        """
        now = _now()
        places = [self._reused.place(self._key(state, limit.key)) for limit in limits]
        used = tuple(_used(self._words[place], now) for place in places)
        full = tuple(before + limit.cost for before, limit in zip(used, limits, strict=True))
        if any(more > limit.window for more, limit in zip(full, limits, strict=True)):
            raise LimitedError(used)
        for place, more in zip(places, full, strict=True):
            self._words[place] = now + more
        return full

    def charge(self, state: int, limit: Limit) -> int:
        """Take of a limit, also beyond its window; how full it is then."""
        now = _now()
        place = self._reused.place(self._key(state, limit.key))
        full = _used(self._words[place], now) + limit.cost
        self._words[place] = now + full
        return full

    def add(self, state: int, key: bytes, number: int) -> bool:
        """Add to a kept counter; false where there is no room for it."""
        try:
            place = self._kept.place(self._key(state, key), self._owner(state))
        except LookupError:
            return False
        add_to(self._words, place, number)
        return True

    def count(self, state: int, key: bytes) -> int:
        """The value of a kept counter; 0 where there is none. `MAIN` is the place of that name."""
        if key == MAIN:
            return self._words[state + PLACE]
        return self._kept.find(self._key(state, key)) or 0

    def _key(self, state: int, key: bytes) -> Key:
        """The key of a counter of this generation alone: those of earlier ones are not found."""
        first = int.from_bytes(key[:WORD], sys.byteorder)
        second = int.from_bytes(key[WORD : 2 * WORD], sys.byteorder)
        return first ^ self._words[state + GENERATION], second

    def _owner(self, state: int) -> int:
        """Row number and 32 bits of the generation, in one word that is not 0."""
        row = (state - HEADER) // ROW + 1
        return row << 32 | self._words[state + GENERATION] & _LOW_HALF

    def _is_over(self, owner: int) -> bool:
        state = live_state(self._words, HEADER + ((owner >> 32) - 1) * ROW)
        return not state or self._words[state + GENERATION] & _LOW_HALF != owner & _LOW_HALF
