"""The counters that lie behind the rows of the cursor table.

    slot, 32 bytes
         0  key: a digest of what is counted, mixed with the generation of its session
        16  value
        24  owner (kept) or time of the last use in ns (reused); 0 the slot was never taken

Kept counters stay for as long as their session's generation. A slot whose generation is over is
free. They are looked for from the slot that the key names, slot by slot, within a window.

Reused counters lie in sets of eight. A new one takes the slot of its set that was not used for the
longest time. Their values are numbers of tries, and of limits the time at which all is free again,
in microseconds since 1970.

A process can be killed between any two instructions: the last word of a slot is written last, and a
slot that is taken over belongs to nobody meanwhile. A kept one is not made free for that: a search
would end there, and what lies behind it would count anew. No lock is taken here.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import Final

SLOT: Final = 4  # words
REUSED_SLOTS: Final = 65_536
KEPT_PER_SESSION: Final = 4

_KEY, _VALUE, _LAST = 0, 2, 3
_NOBODY = 1  # an owner that no session is
_WINDOW = 64  # slots; at half of all slots taken, a longer run is as good as never met
_SET = 8


Key = tuple[int, int]
"""A key's two words."""


def words_for(sessions: int) -> int:
    """How many words the counters of so many sessions take."""
    return (sessions * KEPT_PER_SESSION + REUSED_SLOTS) * SLOT


class KeptCounters:
    """Counters that stay; `is_over` says of an owner whether its generation has ended."""

    def __init__(
        self, words: memoryview, start: int, slots: int, is_over: Callable[[int], bool]
    ) -> None:
        self._words = words
        self._start = start
        self._slots = slots
        self._is_over = is_over

    def find(self, key: Key) -> int | None:
        """The value of the counter, or None where there is none of that key."""
        slot, found = self._search(key)
        value: int = self._words[slot + _VALUE] if found else 0
        return value if found else None

    def place(self, key: Key, owner: int) -> int:
        """Which word is the value of that key's counter, made at need; `owner` is not 0.

        Raises:
            LookupError: there is no room for another.
        """
        slot, found = self._search(key)
        if slot < 0:
            raise LookupError(key)
        if not found:
            if self._words[slot + _LAST]:
                self._words[slot + _LAST] = _NOBODY
            _write(self._words, slot, key, owner)
        return slot + _VALUE

    def _search(self, key: Key) -> tuple[int, bool]:
        """The slot of that key, or else one that it may take (-1 for none); and which it is."""
        words, (first, second) = self._words, key
        free = -1
        for step in range(min(_WINDOW, self._slots)):
            slot = self._start + (first + step) % self._slots * SLOT
            owner = words[slot + _LAST]
            if owner == 0:
                return (slot if free < 0 else free), False
            if words[slot] == first and words[slot + 1] == second and owner != _NOBODY:
                return slot, True
            if free < 0 and (owner == _NOBODY or self._is_over(owner)):
                free = slot
        return free, False


class ReusedCounters:
    """Counters that may be forgotten: of each set, the one that was not used for longest."""

    def __init__(self, words: memoryview, start: int) -> None:
        self._words = words
        self._start = start

    def place(self, key: Key) -> int:
        """Which word is the value of that key's counter.

        It begins at 0 where it is new or was forgotten.
        """
        words, (first, second) = self._words, key
        start = self._start + first % (REUSED_SLOTS // _SET) * _SET * SLOT
        slots = range(start, start + _SET * SLOT, SLOT)
        for slot in slots:
            if words[slot] == first and words[slot + 1] == second and words[slot + _LAST]:
                words[slot + _LAST] = time_ns()
                return slot + _VALUE
        oldest = min(slots, key=lambda slot: words[slot + _LAST])
        words[oldest + _LAST] = 0
        _write(words, oldest, key, time_ns())
        return oldest + _VALUE


def _write(words: memoryview, slot: int, key: Key, last: int) -> None:
    """A counter that begins at 0, its last word last."""
    words[slot + _KEY], words[slot + _KEY + 1] = key
    words[slot + _VALUE] = 0
    words[slot + _LAST] = last
