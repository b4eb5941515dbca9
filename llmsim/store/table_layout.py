"""The bytes of the cursor table: a file of fixed size, mapped into every worker.

All integers are unsigned, 64 bits, in the machine's byte order, at offsets that are multiples of 8.

    header, 80 bytes
         0  magic, which names this layout
         8  rows in the table
        16  key of the default script; 0 before the first is published
        24  sessions that there may be
        32  sessions that there are
        40  bytes in the journals
        48  journal entries that were dropped
        56  rows that were ever deleted
        64  how often a kept counter found no room
        72  era: changes where the default script does so that sessions begin anew

    row, 168 bytes
         0  session name, ASCII, padded with zero bytes to 64
        64  live state: 0 the row is free, 1 or 2 which state counts, 3 the session was deleted
        72  state 1
       120  state 2

    state, 48 bytes
         0  position: what the next claim gets
         8  place: how many turns of the script's own line were taken
        16  arrival
        24  generation
        32  key of its own script, or the era in which it began
        40  use: 0 the session follows the default script, 1 it has its own

    behind the rows: kept counters, four for each session that there may be; then reused counters

A process can be killed between any two instructions, and whoever holds the lock next must find a
whole row. Hence a change of several fields is written into the state that is not live, and one
store of 8 bytes makes it so. A claim changes one state in place: `arrival` first, which may skip a
number, then `position`, then the place of a track or the try, each in one store: a kill can lose a
turn, and none comes twice. Position and `place` are written together, by one copy of 16 bytes:
common C libraries do that by one instruction. The counts of the header may be off by one after a
kill.

Integers are read and stored as elements of a `memoryview`, one machine word at a time
(`struct.pack_into` may show a reader a transient zero).
"""

from __future__ import annotations

import mmap
import secrets
import sys
from itertools import compress
from typing import Final

from llmsim.store.counters import words_for

MAGIC: Final = b"LLMSIM\0\5"
WORD: Final = 8  # bytes
# In words from the table's start.
HEADER: Final = 10
(
    ROW_COUNT,
    DEFAULT_SCRIPT,
    ROOM,
    TAKEN,
    JOURNAL_SIZE,
    DROPPED,
    DELETIONS,
    UNCOUNTED,
    ERA,
) = range(1, HEADER)
# In words from a row's start.
ROW: Final = 21
NAME_SIZE: Final = 64  # bytes
LIVE, STATES = 8, 9
FREE, DELETED = 0, 3
# In words from a state's start.
STATE: Final = 6
POSITION, PLACE, ARRIVAL, GENERATION, SCRIPT, USE = range(STATE)
FOLLOWS, OWN = 0, 1


def header(sessions: int) -> bytes:
    """How an empty table with room for so many sessions begins; the rest of it are zeroes.

    A fifth of the rows is to spare, so that searches stay short.
    """
    words = (_rows(sessions), 0, sessions)
    return MAGIC + b"".join(word.to_bytes(WORD, sys.byteorder) for word in words)


def table_size(sessions: int) -> int:
    """The bytes of a table with room for so many sessions."""
    return _size(_rows(sessions), sessions)


def _rows(sessions: int) -> int:
    return sessions + sessions // 4 + 1


def _size(rows: int, sessions: int) -> int:
    """The size of a table in bytes."""
    return (HEADER + rows * ROW + words_for(sessions)) * WORD


def is_table(memory: mmap.mmap) -> bool:
    """Whether `memory` holds a table of this layout."""
    if memory[: len(MAGIC)] != MAGIC:
        return False
    with memoryview(memory) as all_bytes, all_bytes[: HEADER * WORD].cast("Q") as words:
        return len(memory) == _size(words[ROW_COUNT], words[ROOM])


def new_key() -> int:
    """A random key that is not 0, for a generation or a script.

    A counter would start again when a store is lost.
    """
    return secrets.randbits(64) or 1


def live_state(words: memoryview, row: int) -> int:
    """Where the state of the row at `row` begins that counts, or 0 where it has none."""
    live: int = words[row + LIVE]
    return 0 if live in (FREE, DELETED) else row + STATES + (live - 1) * STATE


def rows_in_use(words: memoryview) -> list[int]:
    """Where the rows begin that are not free.

    A start looks at all of them, and most are.
    """
    begins = range(HEADER, HEADER + words[ROW_COUNT] * ROW, ROW)
    return list(compress(begins, words[HEADER + LIVE : begins.stop : ROW].tolist()))
