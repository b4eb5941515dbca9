"""The journals of one host: a file of lines for each session, which any process may append to.

A line goes out as one write to a file that is open for appending, so lines of different processes do not mix. A line begins with a line end of its
own: what a killed process or a full disk leaves of a line then spoils no other.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from llmsim.store.base import Page
from llmsim.store.state_dir import open_private

_OPEN_FILES = 64
_PAGE_BYTES = 8 * 2**20  # what one page holds at most, beyond its first entry
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a line was written: the file, and the offset of the line's end."""

    path: Path
    inode: int
    end: int


class JournalFiles:
    """The journal files in a directory. Errors of the operating system come out as they are."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: OrderedDict[Path, BinaryIO] = OrderedDict()
        self._pid = 0
        # The position after a write belongs to the open file, so no other thread may write between. No one waits or yields while it is held.
        self._writing = threading.Lock()

    def append(self, session: str, entry: bytes) -> Receipt:
        """Write a line."""
        path = self._path(session)
        line = b"\n" + entry + b"\n"
        with self._writing:
            file = self._opened(path)
            written = file.write(line)
            end = file.tell()
        if written != len(line):
            raise OSError("the disk is full")
        return Receipt(path, os.fstat(file.fileno()).st_ino, end - 1)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """Write over the end of a line, unless its file was deleted since."""
        with open_private(receipt.path, os.O_WRONLY) as file:
            if os.fstat(file.fileno()).st_ino == receipt.inode:
                os.pwrite(file.fileno(), ending, receipt.end - len(ending))

    def page(self, session: str, mark: int, limit: int) -> Page:
        """At most `limit` lines from the byte offset `mark` on."""
        entries: list[bytes] = []
        with suppress(FileNotFoundError), open_private(self._path(session), os.O_RDONLY) as file:
            file.seek(mark)
            rest, size = b"", 0
            while len(entries) < limit and size < _PAGE_BYTES and (block := file.read(_BLOCK)):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    if len(entries) == limit:
                        break
                    mark += len(line) + 1
                    size += len(line)
                    if line.endswith(b"}"):  # the rest are the empty ones between, and what is left of broken ones
                        entries.append(line)
        return Page(entries, mark)

    def delete(self, session: str) -> int:
        """Delete the session's journal; how many bytes it had."""
        path = self._path(session)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def _path(self, session: str) -> Path:
        # By a hash: some file systems do not tell `a` from `A`.
        return self._directory / f"journal-{blake2b(session.encode(), digest_size=12).hexdigest()}.jsonl"

    def _opened(self, path: Path) -> BinaryIO:
        """The file, from the few that are kept open; one that was deleted meanwhile is made anew."""
        if self._pid != os.getpid():
            # Files opened before a fork share their position with the parent.
            self._open, self._pid = OrderedDict(), os.getpid()
        file = self._open.get(path)
        if file is not None and os.fstat(file.fileno()).st_nlink:
            self._open.move_to_end(path)
            return file
        file = open_private(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._open[path] = file
        self._open.move_to_end(path)
        if len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)
        return file
