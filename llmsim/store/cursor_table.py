"""The table of cursors: a file of fixed size, mapped into every worker.

All integers are unsigned, 64 bits, in the machine's byte order, at offsets that are multiples of 8.

    header, 64 bytes
         0  magic, which names this layout
         8  rows in the table
        16  key of the default script; 0 before the first is published
        24  unused

    row, 152 bytes
         0  session name, ASCII, padded with zero bytes to 64
        64  live state: 0 the row is free, 1 or 2 which of its states counts
        72  state 1
       112  state 2

    state, 40 bytes
         0  position: what the next claim gets
         8  arrival
        16  generation
        24  key of the script that plays
        32  1 where the session follows the default script

A process can be killed between any two instructions, and whoever holds the lock next must find a whole row. Hence a change of several fields is
written into the state that is not live, and one store of 8 bytes makes it so. A claim changes one state in place: `arrival` first, which may skip
a number, then `position`, in one store.

No lock is taken here: the caller holds it. Integers are read and stored as elements of a `memoryview`, one machine word at a time
(`struct.pack_into` may show a reader a transient zero).
"""

from __future__ import annotations

import mmap
import secrets
import sys
from hashlib import blake2b
from typing import Final

from llmsim.store.base import Claim

MAGIC: Final = b"LLMSIM\0\1"
NAME_SIZE: Final = 64
_WORD: Final = 8
# In words from the table's start, a row's start and a state's start.
_HEADER, _ROW_COUNT, _DEFAULT_SCRIPT = 8, 1, 2
_ROW, _LIVE, _STATES = 19, 8, 9
_STATE, _POSITION, _ARRIVAL, _GENERATION, _SCRIPT, _FOLLOWS = 5, 0, 1, 2, 3, 4


def new_table(rows: int) -> bytes:
    """The content of an empty table."""
    return (MAGIC + rows.to_bytes(_WORD, sys.byteorder)).ljust((_HEADER + rows * _ROW) * _WORD, b"\0")


def is_table(memory: mmap.mmap) -> bool:
    """Whether `memory` holds a table of this layout."""
    if memory[: len(MAGIC)] != MAGIC:
        return False
    rows = int.from_bytes(memory[_ROW_COUNT * _WORD : (_ROW_COUNT + 1) * _WORD], sys.byteorder)
    return len(memory) == (_HEADER + rows * _ROW) * _WORD


def new_key() -> int:
    """A random key that is not 0, for a generation or a script: a counter would start again when a store is lost."""
    return secrets.randbits(64) or 1


class CursorTable:
    """The table over a map of it."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._words = memoryview(memory).cast("Q")
        self._rows = self._words[_ROW_COUNT]
        self._found: dict[str, tuple[int, bytes]] = {}

    @property
    def default_script(self) -> int:
        """The key of the default script, 0 for none."""
        return self._words[_DEFAULT_SCRIPT]

    @default_script.setter
    def default_script(self, key: int) -> None:
        self._words[_DEFAULT_SCRIPT] = key

    def claim(self, session: str) -> Claim:
        """Advance the session's cursor, made at need.

        Raises:
            LookupError: every row is taken.
        """
        words = self._words
        row = self._find(session)
        state = self._live_state(row)
        if not state or (words[state + _FOLLOWS] and words[state + _SCRIPT] != words[_DEFAULT_SCRIPT]):
            state = self._rewind(row, session)
        arrival = words[state + _ARRIVAL]
        words[state + _ARRIVAL] = arrival + 1
        position = words[state + _POSITION]
        words[state + _POSITION] = position + 1
        return Claim(position, words[state + _GENERATION], arrival, words[state + _SCRIPT])

    def position(self, session: str) -> int:
        """What the next claim would get."""
        state = self._live_state(self._find(session))
        if not state or (self._words[state + _FOLLOWS] and self._words[state + _SCRIPT] != self.default_script):
            return 0
        return self._words[state + _POSITION]

    def _live_state(self, row: int) -> int:
        """Where the state that counts begins, or 0 for a free row."""
        live = self._words[row + _LIVE]
        return row + _STATES + (live - 1) * _STATE if live else 0

    def _rewind(self, row: int, session: str) -> int:
        """Start a generation of the default script in the state that is not live, then make it so."""
        words = self._words
        live = 2 if words[row + _LIVE] == 1 else 1
        self._memory[row * _WORD : row * _WORD + NAME_SIZE] = _padded(session)
        state = row + _STATES + (live - 1) * _STATE
        words[state + _POSITION] = 0
        words[state + _ARRIVAL] = 0
        words[state + _GENERATION] = new_key()
        words[state + _SCRIPT] = words[_DEFAULT_SCRIPT]
        words[state + _FOLLOWS] = 1
        words[row + _LIVE] = live
        return state

    def _find(self, session: str) -> int:
        """Where the session's row begins, or the free row that it may take."""
        known = self._found.get(session)
        if known is not None and self._name(known[0]) == known[1]:
            return known[0]
        name = _padded(session)
        first = int.from_bytes(blake2b(name, digest_size=8).digest(), "little")
        for step in range(self._rows):
            row = _HEADER + (first + step) % self._rows * _ROW
            if not self._words[row + _LIVE] or self._name(row) == name:
                self._found[session] = (row, name)
                return row
        raise LookupError(session)

    def _name(self, row: int) -> bytes:
        return self._memory[row * _WORD : row * _WORD + NAME_SIZE]


def _padded(session: str) -> bytes:
    return session.encode("ascii").ljust(NAME_SIZE, b"\0")
