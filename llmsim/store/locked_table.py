"""The cursor table as a process uses it: mapped, and under a file lock."""

from __future__ import annotations

import mmap
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError
from llmsim.store.cursor_table import CursorTable
from llmsim.store.forks import in_each_child
from llmsim.store.table_layout import is_table

# How often a lock that is held is asked for again: filelock's own 50 ms would be the p99 of a
# claim.
LOCK_POLL_SECONDS = 0.0002
# Before that it is asked for at once: whoever holds it is done in a few microseconds, and no sleep
# is as short.
_TRIES = 30


@dataclass(slots=True)
class _Attachment:
    """One process's own view of the table, and in a `with` the table under its locks.

    A lock belongs to the open file, and a fork shares it: a descriptor opened before the fork would
    not exclude the children from one another. The thread lock is for the threads that share the
    descriptor. It is older than gevent's patches, and so cheap, and would stop the whole process if
    a greenlet waited for it: nobody has it in hand while they wait for the file's lock, or for
    anything else that yields.
    """

    descriptor: int
    table: CursorTable
    threads: threading.Lock

    def __enter__(self) -> CursorTable:
        tries = 0
        while not self._try():
            tries += 1
            if tries > _TRIES:
                time.sleep(LOCK_POLL_SECONDS)
        return self.table

    def _try(self) -> bool:
        """Take both locks, or neither."""
        self.threads.acquire()
        taken = False
        try:
            taken = lock_descriptor(self.descriptor, blocking=False)
        finally:
            if not taken:
                self.threads.release()
        return taken

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
        self._threads = threading.Lock()
        # Descriptor and map are the parent's open file: with them a child would hold on to the lock
        # of a parent that was killed under it.
        in_each_child(self.detach)

    def detach(self) -> None:
        """Close what this process has open of the table; its next use opens it again."""
        attached, self._attachment = self._attachment, None
        self._threads = (
            threading.Lock()
        )  # the other may have been in the hands of a thread that a fork does not copy
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

    def unlocked(self) -> CursorTable:
        """The table as other threads and processes are changing it.

        Raises:
            StateLostError: as `locked`.
        """
        return self.locked().table

    def _attach(self) -> _Attachment:
        """Map the table into this process. At first two threads may both do so.

        Their descriptors exclude one another, too.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            memory = mmap.mmap(descriptor, 0)
        except (OSError, ValueError) as error:
            raise StateLostError(
                f"Cannot open the cursor in the state directory {self._path.parent}: {error}."
            ) from error
        if not is_table(memory):
            os.close(descriptor)
            raise StateLostError(
                f"{self._path} was not written by this version of llmsim; name another state "
                "directory."
            )
        self._attachment = _Attachment(descriptor, CursorTable(memory), self._threads)
        return self._attachment
