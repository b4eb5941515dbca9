"""The table of cursors: a file of fixed size, mapped into every worker.

All integers are unsigned, 64 bits, in the machine's byte order, at offsets that are multiples of 8.

    header, 64 bytes
         0  magic, which names this layout
         8  rows in the table
        16  key of the default script; 0 before the first is published
        24  sessions that there may be
        32  sessions that there are
        40  bytes in the journals
        48  journal entries that were dropped
        56  key of the default script before

    row, 152 bytes
         0  session name, ASCII, padded with zero bytes to 64
        64  live state: 0 the row is free, 1 or 2 which of its states counts, 3 its session was deleted
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
a number, then `position`, in one store. The counts of the header may be off by one after a kill.

A name is looked for from the row that its hash names, row by row, until a free one: so a deleted row stays marked until the row after it is free.

No lock is taken here: the caller holds it. Integers are read and stored as elements of a `memoryview`, one machine word at a time
(`struct.pack_into` may show a reader a transient zero).
"""

from __future__ import annotations

import mmap
import secrets
import sys
from hashlib import blake2b
from typing import Final

from llmsim.store.base import Claim, Session

MAGIC: Final = b"LLMSIM\0\2"
NAME_SIZE: Final = 64
_WORD: Final = 8
# In words from the table's start, a row's start and a state's start.
_HEADER, _ROW_COUNT, _DEFAULT_SCRIPT, _ROOM, _TAKEN, _JOURNAL_SIZE, _DROPPED, _SCRIPT_BEFORE = 8, 1, 2, 3, 4, 5, 6, 7
_ROW, _LIVE, _STATES = 19, 8, 9
_STATE, _POSITION, _ARRIVAL, _GENERATION, _SCRIPT, _FOLLOWS = 5, 0, 1, 2, 3, 4
_FREE, _DELETED = 0, 3

_SCANNED_ROWS = 2048
_REMEMBERED_ROWS = 1024  # places of names that a process keeps at hand, 200 bytes each


def new_table(sessions: int) -> bytes:
    """The content of an empty table with room for so many sessions, and a fifth of it free so that searches stay short."""
    rows = sessions + sessions // 4 + 1
    words = (rows, 0, sessions)
    return (MAGIC + b"".join(word.to_bytes(_WORD, sys.byteorder) for word in words)).ljust((_HEADER + rows * _ROW) * _WORD, b"\0")


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

    def replace_default_script(self, key: int) -> int:
        """Make `key` the default script; the key that can now be forgotten, 0 for none: requests in flight may still ask for the last one."""
        forgotten, before = self._words[_SCRIPT_BEFORE], self._words[_DEFAULT_SCRIPT]
        self._words[_SCRIPT_BEFORE] = before
        self._words[_DEFAULT_SCRIPT] = key
        return 0 if forgotten == before else forgotten

    def scripts(self) -> set[int]:
        """The keys of all scripts that may still be asked for."""
        states = [_HEADER + number * _ROW + offset for number in range(self._rows) for offset in (_STATES, _STATES + _STATE)]
        return {self._words[_DEFAULT_SCRIPT], self._words[_SCRIPT_BEFORE], *(self._words[state + _SCRIPT] for state in states)}

    def release(self) -> None:
        """Let go of the map, which cannot be used from here on."""
        self._words.release()
        self._memory.close()

    @property
    def room(self) -> int:
        """How many sessions there may be."""
        return self._words[_ROOM]

    @property
    def dropped(self) -> int:
        """Journal entries that were dropped."""
        return self._words[_DROPPED]

    def claim(self, session: str) -> Claim:
        """Advance the session's cursor, made at need.

        Raises:
            LookupError: there is no room for another session.
        """
        words = self._words
        row = self._find(session)
        state = self._live_state(row)
        if not state or (words[state + _FOLLOWS] and words[state + _SCRIPT] != words[_DEFAULT_SCRIPT]):
            state = self.begin(session)
        arrival = words[state + _ARRIVAL]
        words[state + _ARRIVAL] = arrival + 1
        position = words[state + _POSITION]
        words[state + _POSITION] = position + 1
        return Claim(position, words[state + _GENERATION], arrival, words[state + _SCRIPT])

    def begin(self, session: str, own_script: int = 0) -> int:
        """Start a generation of the session, made at need, with a script of its own or, for 0, the default one; where its state begins.

        Raises:
            LookupError: there is no room for another session.
        """
        words = self._words
        row = self._find(session)
        if words[row + _LIVE] in (_FREE, _DELETED):
            if words[_TAKEN] >= words[_ROOM]:
                raise LookupError(session)
            words[_TAKEN] += 1
            self._memory[row * _WORD : row * _WORD + NAME_SIZE] = _padded(session)
        live = 2 if words[row + _LIVE] == 1 else 1
        state = row + _STATES + (live - 1) * _STATE
        words[state + _POSITION] = 0
        words[state + _ARRIVAL] = 0
        words[state + _GENERATION] = new_key()
        words[state + _SCRIPT] = own_script or words[_DEFAULT_SCRIPT]
        words[state + _FOLLOWS] = 0 if own_script else 1
        words[row + _LIVE] = live
        return state

    def session(self, name: str) -> Session | None:
        """The session, or None."""
        row = self._find(name)
        return self._session(row) if self._live_state(row) else None

    def own_scripts(self, name: str) -> set[int]:
        """The keys of the session's own scripts: the one that plays, and the one that played before it."""
        row = self._find(name)
        if not self._live_state(row):
            return set()
        states = [row + _STATES, row + _STATES + _STATE]
        return {self._words[state + _SCRIPT] for state in states if self._words[state + _GENERATION] and not self._words[state + _FOLLOWS]}

    def sessions(self, start: int, limit: int) -> tuple[list[Session], int | None]:
        """At most `limit` sessions from row number `start` on, and the number to go on from, None at the end.

        One call looks at a bounded number of rows, and so may find none: the caller holds the lock that every claim waits for.
        """
        found: list[Session] = []
        end = min(start + _SCANNED_ROWS, self._rows)
        for number in range(start, end):
            row = _HEADER + number * _ROW
            if self._live_state(row):
                found.append(self._session(row))
                if len(found) == limit:
                    end = number + 1
                    break
        return found, end if end < self._rows else None

    def delete(self, name: str) -> bool:
        """Forget the session; false where there was none."""
        words, row = self._words, self._find(name)
        if not self._live_state(row):
            return False
        words[row + _LIVE] = _DELETED
        words[_TAKEN] -= 1
        # A mark before a free row stops no search, so it can go, and then the one before it. The states go with it: they may name scripts.
        end = _HEADER + self._rows * _ROW
        following = row + _ROW if row + _ROW < end else _HEADER
        while words[following + _LIVE] == _FREE and words[row + _LIVE] == _DELETED:
            words[row + _LIVE] = _FREE
            following, row = row, row - _ROW if row > _HEADER else end - _ROW
        return True

    def count_entry(self, size: int, limit: int) -> bool:
        """Count a journal entry of `size` bytes in; false, and counted as dropped, where all would be more than `limit` bytes."""
        if self._words[_JOURNAL_SIZE] + size > limit:
            self._words[_DROPPED] += 1
            return False
        self._words[_JOURNAL_SIZE] += size
        return True

    def uncount_entries(self, size: int, dropped: int = 0) -> None:
        """Count `size` bytes of the journals out again, and entries that could not be written."""
        self._words[_JOURNAL_SIZE] -= min(size, self._words[_JOURNAL_SIZE])
        self._words[_DROPPED] += dropped

    def _live_state(self, row: int) -> int:
        """Where the state that counts begins, or 0 for a row that has none."""
        live = self._words[row + _LIVE]
        return 0 if live in (_FREE, _DELETED) else row + _STATES + (live - 1) * _STATE

    def _session(self, row: int) -> Session:
        words, state = self._words, self._live_state(row)
        follows = bool(words[state + _FOLLOWS])
        # A session that follows a default script which was replaced will start anew at its next claim.
        position = 0 if follows and words[state + _SCRIPT] != words[_DEFAULT_SCRIPT] else words[state + _POSITION]
        script = words[_DEFAULT_SCRIPT] if follows else words[state + _SCRIPT]
        return Session(self._name(row).rstrip(b"\0").decode("ascii"), position, words[state + _GENERATION], script, follows)

    def _find(self, session: str) -> int:
        """Where the session's row begins, or the row that it may take."""
        known = self._found.get(session)
        if known is not None and self._name(known[0]) == known[1] and self._live_state(known[0]):
            return known[0]
        name = _padded(session)
        row = self._search(name)
        if len(self._found) >= _REMEMBERED_ROWS:
            self._found.clear()
        self._found[session] = (row, name)
        return row

    def _search(self, name: bytes) -> int:
        first = int.from_bytes(blake2b(name, digest_size=8).digest(), "little")
        deleted = 0
        for step in range(self._rows):
            row = _HEADER + (first + step) % self._rows * _ROW
            live = self._words[row + _LIVE]
            if live == _FREE:
                return deleted or row
            if live == _DELETED:
                deleted = deleted or row
            elif self._name(row) == name:
                return row
        return deleted

    def _name(self, row: int) -> bytes:
        return self._memory[row * _WORD : row * _WORD + NAME_SIZE]


def _padded(session: str) -> bytes:
    return session.encode("ascii").ljust(NAME_SIZE, b"\0")
