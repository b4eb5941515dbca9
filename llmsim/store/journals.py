"""The journals of one host, as its store keeps them: files, their room, and when each begins.

A journal belongs to a session that there is: nothing is written for one that was deleted. It may
hold entries of several generations. Where one begins without an entry of its own, the line
`begins` says so: what comes after it of the generation before came late.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from llmsim.errors import StoreError
from llmsim.store.base import BEGINS, KeepLine, Page
from llmsim.store.cursor_table import CursorTable
from llmsim.store.journal_files import JournalFiles, Receipt
from llmsim.store.journal_room import JournalRoom
from llmsim.store.locked_table import LockedTable


class Journals:
    """The journals in a directory, of the sessions in the table; at most `limit` bytes."""

    def __init__(self, table: LockedTable, directory: Path, limit: int) -> None:
        self._table = table
        self._files = JournalFiles(directory)
        self._room = JournalRoom(table, limit, self._files.size)

    def append(self, session: str, generation: int, entry: bytes, spare: bool) -> Receipt | None:
        """See `Store.append`."""
        line = b"\n%b\n" % entry
        try:
            if not self._room.take(len(line), spare=spare):
                self._room.give_back(0, dropped=int(spare))
                return None
            receipt = self._files.append(session, line)
            if receipt is None and self._begin(session, generation):
                receipt = self._files.append(session, line)
            if receipt is None:
                self._room.give_back(len(line))
            return receipt
        except OSError:
            self._room.give_back(len(line), dropped=int(spare))
        except StoreError:
            return None  # the state is gone, and with it whoever would read the entry
        return None

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        self._files.amend(receipt, ending)

    def page(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is an offset in bytes."""
        return self._files.page(session, mark, limit, keep)

    def size(self) -> int:
        """How many bytes all journals have."""
        return self._files.size()

    def delete(self, table: CursorTable, session: str) -> None:
        """Under the lock: an entry of a generation that begins after this must not go with it."""
        table.uncount_entries(self._files.delete(session))

    def begin(self, table: CursorTable, session: str, generation: int) -> None:
        """Under the lock: what is in the journal by now is of generations before this one."""
        line = b"\n%b\n" % (BEGINS % generation)
        with suppress(OSError):  # a full disk
            if self._files.append(session, line) is not None:
                table.journal_size += len(line)

    def _begin(self, session: str, generation: int) -> bool:
        """Make the journal of a session for an entry of that generation; false where it is gone."""
        with self._table.locked() as table:
            found = table.session(session)
            if found is None:
                return False
            self._files.create(session)
            if found.generation != generation:
                self.begin(table, session, found.generation)
            return True
