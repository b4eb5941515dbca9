"""Finding a session's row in the cursor table by its name; see `table_layout` for the layout.

A name is looked for from the row that its hash names, row by row, until a free one: so a deleted
row stays marked until the row after it is free.
"""

from __future__ import annotations

import mmap
from hashlib import blake2b

from llmsim.store.table_layout import (
    DELETED,
    DELETIONS,
    FREE,
    HEADER,
    LIVE,
    NAME_SIZE,
    ROW,
    ROW_COUNT,
    WORD,
)

_REMEMBERED_ROWS = 65_536  # places of names that a process keeps at hand, 150 bytes each


class NameIndex:
    """The names in the table whose map is `memory`, and `words` the same as integers."""

    def __init__(self, memory: mmap.mmap, words: memoryview) -> None:
        self._memory = memory
        self._words = words
        self._rows: int = words[ROW_COUNT]
        self._found: dict[str, int] = {}
        self._deletions = 0

    def find(self, session: str) -> int:
        """Where the session's row begins, or the row that it may take."""
        if self._words[DELETIONS] != self._deletions:
            # Rows stay where they are until they are deleted.
            self._deletions = self._words[DELETIONS]
            self._found.clear()
        known = self._found.get(session)
        return self._search(session) if known is None else known

    def known(self, session: str) -> int:
        """Where the session's row begins if that is at hand, else 0.

        It changes nothing here, so it needs no lock.
        """
        if self._words[DELETIONS] != self._deletions:
            return 0
        return self._found.get(session, 0)

    def name(self, row: int) -> str:
        """The name in a row."""
        return self._stored(row).rstrip(b"\0").decode("ascii")

    def leads_to(self, row: int) -> bool:
        """Whether the row holds a name, and a search for that name ends at the row."""
        stored = self._stored(row).rstrip(b"\0")
        if not stored or not stored.isascii():
            return False
        return self._search(stored.decode()) == row

    def write(self, row: int, session: str) -> None:
        """Put a name into a row."""
        self._memory[row * WORD : row * WORD + NAME_SIZE] = _padded(session)

    def _search(self, session: str) -> int:
        name = _padded(session)
        first = int.from_bytes(blake2b(name, digest_size=8).digest(), "little")
        deleted = 0
        for step in range(self._rows):
            row = HEADER + (first + step) % self._rows * ROW
            live = self._words[row + LIVE]
            if live == FREE:
                return deleted or row
            if live == DELETED:
                deleted = deleted or row
            elif self._stored(row) == name:
                if len(self._found) >= _REMEMBERED_ROWS:
                    self._found.clear()
                self._found[session] = row
                return row
        return deleted

    def _stored(self, row: int) -> bytes:
        return self._memory[row * WORD : row * WORD + NAME_SIZE]


def _padded(session: str) -> bytes:
    return session.encode("ascii").ljust(NAME_SIZE, b"\0")
