"""The journals of one host: a file of lines for each session, which any process may append to.

A line goes out as one write to a file that is open for appending, so lines of different processes
do not mix. A line begins with a line end of its own: what a killed process or a full disk leaves of
a line then spoils no other.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from llmsim.store.base import KeepLine, Page
from llmsim.store.forks import in_each_child
from llmsim.store.session_files import file_of
from llmsim.store.state_dir import open_private

_OPEN_FILES = 64
_LOOK_SECONDS = 1.0  # how often it is looked which of them were deleted
_PAGE_BYTES = 8 * 2**20  # what one page looks at
_BLOCK = 256 * 1024


class Receipt(NamedTuple):
    """Where a line was written.

    The session's file, known by its inode, and the offset of the line's end.
    """

    session: str
    inode: int
    end: int


class JournalFiles:
    """The journal files in a directory. Errors of the operating system come out as they are."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._close()
        in_each_child(
            self._close
        )  # files opened before a fork share their position with the parent

    def create(self, session: str) -> None:
        """Make the session's journal, which is empty; one that is there stays as it is."""
        open_private(self._path(session), os.O_CREAT | os.O_APPEND | os.O_WRONLY).close()

    def append(self, session: str, line: bytes) -> Receipt | None:
        """Write a line, which has its line ends, into the journal that the session has.

        None where it has none.
        """
        with self._writing:
            self._close_deleted()
            opened = self._opened(session)
            if opened is None:
                return None
            file, inode = opened
            written = file.write(line)
            end = file.tell()
        if written != len(line):
            raise OSError("the disk is full")
        return Receipt(session, inode, end - 1)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """Write over the end of a line, unless its file was deleted since."""
        with open_private(self._path(receipt.session), os.O_WRONLY) as file:
            if os.fstat(file.fileno()).st_ino == receipt.inode:
                os.pwrite(file.fileno(), ending, receipt.end - len(ending))

    def page(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """At most `limit` lines that `keep` takes, from the byte offset `mark` on.

        It looks at a bounded number of bytes, and so may find none although there are some.
        """
        entries: list[bytes] = []
        with suppress(FileNotFoundError), open_private(self._path(session), os.O_RDONLY) as file:
            if mark >= os.fstat(file.fileno()).st_size:
                return Page([], mark)
            file.seek(mark)
            rest, end = b"", mark + _PAGE_BYTES
            while len(entries) < limit and mark < end and (block := file.read(_BLOCK)):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    if len(entries) == limit:
                        break
                    mark += len(line) + 1
                    # The rest are the empty ones between, and what is left of broken ones.
                    if line.startswith(b"{") and line.endswith(b"}") and keep(line):
                        entries.append(line)
        return Page(entries, mark)

    def delete(self, session: str) -> int:
        """Delete the session's journal.

        How many bytes it had, those included that were written until it was gone.
        """
        path = self._path(session)
        try:
            with open_private(path, os.O_RDONLY) as file:
                os.unlink(path)
                return os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            return 0

    def size(self) -> int:
        """How many bytes all journals have."""
        with os.scandir(self._directory) as files:
            return sum(file.stat().st_size for file in files if file.name.startswith("journal-"))

    def _close(self) -> None:
        """Have nothing open."""
        self._open: OrderedDict[str, FileIO] = OrderedDict()
        self._looked = 0.0
        # The position after a write belongs to the open file, so no other thread may write between.
        # No one waits or yields while it is held.
        self._writing = threading.Lock()

    def _close_deleted(self) -> None:
        """Close what any process has deleted: while it is open, the disk has not its room back."""
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for session, file in [*self._open.items()]:
            if not os.fstat(file.fileno()).st_nlink:
                del self._open[session]
                file.close()

    def _path(self, session: str) -> str:
        return file_of(self._directory, "journal", session, "jsonl")

    def _opened(self, session: str) -> tuple[FileIO, int] | None:
        """The session's file, from the few that are kept open, and its inode.

        One that was deleted meanwhile is opened anew. None where there is none.
        """
        file = self._open.get(session)
        if file is not None:
            status = os.fstat(file.fileno())
            if status.st_nlink:
                self._open.move_to_end(session)
                return file, status.st_ino
        try:
            file = open_private(self._path(session), os.O_APPEND | os.O_WRONLY)
        except FileNotFoundError:
            return None
        self._open[session] = file
        if len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)
        return file, os.fstat(file.fileno()).st_ino
