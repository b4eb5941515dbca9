"""The cursor table as a process uses it: mapped, and under a file lock."""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError, StoreFullError
from llmsim.store.base import Claim
from llmsim.store.cursor_table import CursorTable, is_table

# filelock waits between attempts: its own 50 ms would be the p99 of a claim. A turn under the lock takes a few microseconds.
LOCK_POLL_SECONDS = 0.0002


@dataclass(slots=True)
class _Attachment:
    """One process's own view of the table.

    A lock belongs to the open file, and a fork shares it: a descriptor opened before the fork would not exclude the children from one another.
    The thread lock, for the threads that share the descriptor, is made here and not at import: only now is it sure to be gevent's own where gevent
    serves, and a native one would deadlock with the lock's wait, which yields.
    """

    pid: int
    descriptor: int
    table: CursorTable
    threads: threading.Lock


class _Detach:
    """Detaches a table in each child that is forked.

    Its descriptor and its map are the parent's open file: with them a child would hold on to the lock of a parent that was killed under it.
    """

    def __init__(self, table: LockedTable) -> None:
        self._table = weakref.ref(table)  # what is registered at fork stays registered

    def __call__(self) -> None:
        table = self._table()
        if table is not None:
            table.detach()


class LockedTable:
    """The table in the file at `path`, opened by each process for itself on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._attachment: _Attachment | None = None
        os.register_at_fork(after_in_child=_Detach(self))

    def claim(self, session: str) -> Claim:
        """See `Store.claim`. The lock is written out here, since a context manager would cost half as much again."""
        attached = self._attachment
        if attached is None or attached.pid != os.getpid():
            attached = self._attach()
        with attached.threads:
            lock_descriptor(attached.descriptor, poll_interval=LOCK_POLL_SECONDS)
            try:
                return attached.table.claim(session)
            except LookupError:
                raise StoreFullError(attached.table.room) from None
            finally:
                unlock_descriptor(attached.descriptor)

    def detach(self) -> None:
        """Close what this process has open of the table; its next use opens it again."""
        if self._attachment is not None:
            self._attachment.table.release()
            os.close(self._attachment.descriptor)
            self._attachment = None

    @contextmanager
    def locked(self) -> Iterator[CursorTable]:
        """The table, while no other thread or process touches it.

        Raises:
            StateLostError: the file is gone, or was written by another version.
        """
        attached = self._attachment
        if attached is None or attached.pid != os.getpid():
            attached = self._attach()
        with attached.threads:
            lock_descriptor(attached.descriptor, poll_interval=LOCK_POLL_SECONDS)
            try:
                yield attached.table
            finally:
                unlock_descriptor(attached.descriptor)

    def _attach(self) -> _Attachment:
        """Map the table into this process. At first two threads may both do so: their descriptors exclude one another, too."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            memory = mmap.mmap(descriptor, 0)
        except (OSError, ValueError) as error:
            raise StateLostError(f"Cannot open the cursor in the state directory {self._path.parent}: {error}.") from error
        if not is_table(memory):
            raise StateLostError(f"{self._path} was not written by this version of llmsim; name another state directory.")
        self._attachment = _Attachment(os.getpid(), descriptor, CursorTable(memory), threading.Lock())
        return self._attachment
