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
        56  rows that were ever deleted

    row, 152 bytes
         0  session name, ASCII, padded with zero bytes to 64
        64  live state: 0 the row is free, 1 or 2 which state counts, 3 the session was deleted
        72  state 1
       112  state 2

    state, 40 bytes
         0  position: what the next claim gets
         8  arrival
        16  generation
        24  key of the script that plays
        32  1 where the session follows the default script

A process can be killed between any two instructions, and whoever holds the lock next must find a
whole row. Hence a change of several fields is written into the state that is not live, and one
store of 8 bytes makes it so. A claim changes one state in place: `arrival` first, which may skip a
number, then `position`, in one store. The counts of the header may be off by one after a kill.

No lock is taken here: the caller holds it. Integers are read and stored as elements of a
`memoryview`, one machine word at a time (`struct.pack_into` may show a reader a transient zero).
"""

from __future__ import annotations

import mmap
import secrets
import sys
from typing import Final

from llmsim.store.base import Claim, Session
from llmsim.store.name_index import DELETED, DELETIONS, FREE, HEADER, LIVE, ROW, WORD, NameIndex

MAGIC: Final = b"LLMSIM\0\2"
# In words from the table's start and a state's start.
_ROW_COUNT, _DEFAULT_SCRIPT, _ROOM, _TAKEN, _JOURNAL_SIZE, _DROPPED = 1, 2, 3, 4, 5, 6
_STATES, _STATE, _POSITION, _ARRIVAL, _GENERATION, _SCRIPT, _FOLLOWS = 9, 5, 0, 1, 2, 3, 4

_SCANNED_ROWS = 2048


def new_table(sessions: int) -> bytes:
    """The content of an empty table with room for so many sessions.

    A fifth of the rows is to spare, so that searches stay short.
    """
    rows = sessions + sessions // 4 + 1
    words = (rows, 0, sessions)
    return (MAGIC + b"".join(word.to_bytes(WORD, sys.byteorder) for word in words)).ljust(
        (HEADER + rows * ROW) * WORD, b"\0"
    )


def is_table(memory: mmap.mmap) -> bool:
    """Whether `memory` holds a table of this layout."""
    if memory[: len(MAGIC)] != MAGIC:
        return False
    rows = int.from_bytes(memory[_ROW_COUNT * WORD : (_ROW_COUNT + 1) * WORD], sys.byteorder)
    return len(memory) == (HEADER + rows * ROW) * WORD


def new_key() -> int:
    """A random key that is not 0, for a generation or a script.

    A counter would start again when a store is lost.
    """
    return secrets.randbits(64) or 1


class CursorTable:
    """The table over a map of it."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._words = memoryview(memory).cast("Q")
        self._rows = self._words[_ROW_COUNT]
        self._names = NameIndex(memory, self._words)

    @property
    def default_script(self) -> int:
        """The key of the default script, 0 for none."""
        return self._words[_DEFAULT_SCRIPT]

    @default_script.setter
    def default_script(self, key: int) -> None:
        self._words[_DEFAULT_SCRIPT] = key

    def recount(self) -> set[int]:
        """Count the sessions anew; the keys of all scripts that play."""
        live = [
            state
            for state in map(self._live_state, range(HEADER, HEADER + self._rows * ROW, ROW))
            if state
        ]
        self._words[_TAKEN] = len(live)
        return {self.default_script, *(self._words[state + _SCRIPT] for state in live)}

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
        state = self._live_state(self._names.find(session))
        if not state or (
            words[state + _SCRIPT] != words[_DEFAULT_SCRIPT] and words[state + _FOLLOWS]
        ):
            state = self.begin(session)
        arrival = words[state + _ARRIVAL]
        words[state + _ARRIVAL] = arrival + 1
        position = words[state + _POSITION]
        words[state + _POSITION] = position + 1
        return Claim(position, words[state + _GENERATION], arrival, words[state + _SCRIPT])

    def begin(self, session: str, own_script: int = 0) -> int:
        """Start a generation of the session, which is made at need; where its state begins.

        It has a script of its own or, for 0, the default one.

        Raises:
            LookupError: there is no room for another session.
        """
        words = self._words
        row = self._names.find(session)
        if words[row + LIVE] in (FREE, DELETED):
            if words[_TAKEN] >= words[_ROOM]:
                raise LookupError(session)
            words[_TAKEN] += 1
            self._names.write(row, session)
        live = 2 if words[row + LIVE] == 1 else 1
        state = row + _STATES + (live - 1) * _STATE
        words[state + _POSITION] = 0
        words[state + _ARRIVAL] = 0
        words[state + _GENERATION] = new_key()
        words[state + _SCRIPT] = own_script or words[_DEFAULT_SCRIPT]
        words[state + _FOLLOWS] = 0 if own_script else 1
        words[row + LIVE] = live
        return state

    def session(self, name: str) -> Session | None:
        """The session, or None."""
        row = self._names.find(name)
        return self._session(row) if self._live_state(row) else None

    def sessions(self, start: int, limit: int) -> tuple[list[Session], int | None]:
        """At most `limit` sessions from row number `start` on, and the number to go on from.

        None stands for the end.

        One call looks at a bounded number of rows, and so may find none: the caller holds the lock
        that every claim waits for.
        """
        found: list[Session] = []
        end = min(start + _SCANNED_ROWS, self._rows)
        for number in range(start, end):
            row = HEADER + number * ROW
            if self._live_state(row):
                found.append(self._session(row))
                if len(found) == limit:
                    end = number + 1
                    break
        return found, end if end < self._rows else None

    def delete(self, name: str) -> bool:
        """Forget the session; false where there was none."""
        words, row = self._words, self._names.find(name)
        if not self._live_state(row):
            return False
        words[DELETIONS] += 1
        words[row + LIVE] = DELETED
        words[_TAKEN] -= 1
        # A mark before a free row stops no search, so it can go, and then the one before it.
        end = HEADER + self._rows * ROW
        following = row + ROW if row + ROW < end else HEADER
        while words[following + LIVE] == FREE and words[row + LIVE] == DELETED:
            words[row + LIVE] = FREE
            following, row = row, row - ROW if row > HEADER else end - ROW
        return True

    @property
    def journal_size(self) -> int:
        """Bytes that are counted as taken by the journals."""
        return self._words[_JOURNAL_SIZE]

    @journal_size.setter
    def journal_size(self, size: int) -> None:
        self._words[_JOURNAL_SIZE] = size

    def count_entry(self, size: int, limit: int) -> bool:
        """Count `size` bytes of journal in; false where all would be more than `limit` bytes."""
        if self._words[_JOURNAL_SIZE] + size > limit:
            return False
        self._words[_JOURNAL_SIZE] += size
        return True

    def uncount_entries(self, size: int, dropped: int = 0) -> None:
        """Count `size` bytes of the journals out again, and entries that were dropped in."""
        self._words[_JOURNAL_SIZE] -= min(size, self._words[_JOURNAL_SIZE])
        self._words[_DROPPED] += dropped

    def _live_state(self, row: int) -> int:
        """Where the state that counts begins, or 0 for a row that has none."""
        live = self._words[row + LIVE]
        return 0 if live in (FREE, DELETED) else row + _STATES + (live - 1) * _STATE

    def _session(self, row: int) -> Session:
        words, state = self._words, self._live_state(row)
        follows = bool(words[state + _FOLLOWS])
        # A session that follows a default script which was replaced will start anew at its next
        # claim.
        position = (
            0
            if follows and words[state + _SCRIPT] != words[_DEFAULT_SCRIPT]
            else words[state + _POSITION]
        )
        script = words[_DEFAULT_SCRIPT] if follows else words[state + _SCRIPT]
        return Session(self._names.name(row), position, words[state + _GENERATION], script, follows)
