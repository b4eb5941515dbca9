"""The cursor table as a process uses it: mapped, and under a file lock."""

from __future__ import annotations

import mmap
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError
from llmsim.store.cursor_table import CursorTable, is_table
from llmsim.store.forks import in_each_child

# filelock waits between attempts: its own 50 ms would be the p99 of a claim. A turn under the lock takes a few microseconds.
LOCK_POLL_SECONDS = 0.0002
# Before that it is asked for at once, again and again: whoever holds it is done in less time than any wait takes, and under gevent, whose waits
# last a millisecond at least, every other claim of the process would stand behind the one that waits.
_TRIES = 30


@dataclass(slots=True)
class _Attachment:
    """One process's own view of the table, and in a `with` the table under its locks.

    A lock belongs to the open file, and a fork shares it: a descriptor opened before the fork would not exclude the children from one another.
    The thread lock, for the threads that share the descriptor, is made here and not at import: only now is it sure to be gevent's own where gevent
    serves, and a native one would deadlock with the lock's wait, which yields.
    """

    descriptor: int
    table: CursorTable
    threads: threading.Lock

    def __enter__(self) -> CursorTable:
        self.threads.acquire()
        try:
            if not lock_descriptor(self.descriptor, blocking=False):
                self._wait()
        except BaseException:
            self.threads.release()
            raise
        return self.table

    def _wait(self) -> None:
        """Get the lock that another process holds."""
        for _ in range(_TRIES):
            if lock_descriptor(self.descriptor, blocking=False):
                return
        lock_descriptor(self.descriptor, poll_interval=LOCK_POLL_SECONDS)

    def __exit__(self, *_: object) -> None:
        try:
            unlock_descriptor(self.descriptor)
        finally:
            self.threads.release()


class LockedTable:
    """The table in the file at `path`, opened by each process for itself on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._attachment: _Attachment | None = None
        # Descriptor and map are the parent's open file: with them a child would hold on to the lock of a parent that was killed under it.
        in_each_child(self.detach)

    def detach(self) -> None:
        """Close what this process has open of the table; its next use opens it again."""
        attached, self._attachment = self._attachment, None
        if attached is not None:
            attached.table.release()
            os.close(attached.descriptor)

    def locked(self) -> _Attachment:
        """For a `with`: the table, while no other thread or process touches it.

        Raises:
            StateLostError: the file is gone, or was written by another version.
        """
        attached = self._attachment
        return self._attach() if attached is None else attached

    def _attach(self) -> _Attachment:
        """Map the table into this process. At first two threads may both do so: their descriptors exclude one another, too."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            memory = mmap.mmap(descriptor, 0)
        except (OSError, ValueError) as error:
            raise StateLostError(f"Cannot open the cursor in the state directory {self._path.parent}: {error}.") from error
        if not is_table(memory):
            os.close(descriptor)
            raise StateLostError(f"{self._path} was not written by this version of llmsim; name another state directory.")
        self._attachment = _Attachment(descriptor, CursorTable(memory), threading.Lock())
        return self._attachment
