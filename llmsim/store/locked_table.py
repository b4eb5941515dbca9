"""The cursor table as a process uses it: mapped, and under a file lock."""

from __future__ import annotations

import mmap
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError, StoreBusyError
from llmsim.store.cursor_table import CursorTable
from llmsim.store.forks import in_each_child
from llmsim.store.table_layout import is_table

# How often a lock that is held is asked for again: filelock's own 50 ms would be the p99 of a
# claim.
LOCK_POLL_SECONDS = 0.0002
# Somebody who does not let go for long is asked less and less often, down to this.
_LONGEST_POLL_SECONDS = 0.02
# Before that it is asked for at once: whoever holds it is done in a few microseconds, and no sleep
# is as short.
_TRIES = 30

LOCK_TIMEOUT_SECONDS = 10
# How long a process believes that the file is still there: to look costs as much as a claim.
_TRUSTED_SECONDS = 0.1


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
    timeout: float
    trusted_until: float = 0.0

    def __enter__(self) -> CursorTable:
        if not self._try():
            self._wait()
        return self.table

    def _wait(self) -> None:
        """Take both locks before the time is up, and let others of this process run meanwhile."""
        for _ in range(_TRIES):
            if self._try():
                return
        deadline = time.monotonic() + self.timeout
        pause = LOCK_POLL_SECONDS
        while not self._try():
            if time.monotonic() > deadline:
                raise StoreBusyError(self.timeout)
            time.sleep(pause)
            pause = min(pause * 1.05, _LONGEST_POLL_SECONDS)

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
    """The table in the file at `path`, opened by each process for itself on first use.

    Whoever holds its lock longer than `timeout` seconds is no longer waited for.
    """

    def __init__(self, path: Path, timeout: float = LOCK_TIMEOUT_SECONDS) -> None:
        self._path = path
        self._timeout = timeout
        self._attachment: _Attachment | None = None
        # Which file it is. Children inherit it: they must not count on in another one.
        self._identity: tuple[int, int] | None = None
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
            StateLostError: the file is gone, is another one, or was written by another version.
            StoreBusyError: on entering; the lock was held for longer than the time-out.
        """
        attached = self._attachment
        if attached is None:
            return self._attach()
        if time.monotonic() > attached.trusted_until:
            self._check_place()
            attached.trusted_until = time.monotonic() + _TRUSTED_SECONDS
        return attached

    def _check_place(self) -> None:
        """A map outlives its file: without this, some workers would serve on and new ones not."""
        try:
            found = _identity(os.stat(self._path, follow_symlinks=False))
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if found != self._identity:
            raise self._lost("another file stands there")

    def _lost(self, reason: str) -> StateLostError:
        return StateLostError(
            f"The state directory {self._path.parent} was removed or replaced while the server "
            f"ran ({reason}); restart the server."
        )

    def unlocked(self) -> CursorTable:
        """The table as other threads and processes are changing it.

        Raises:
            StateLostError: as `locked`.
        """
        attached = self._attachment
        return self._attach().table if attached is None else attached.table

    def _attach(self) -> _Attachment:
        """Map the table into this process. At first two threads may both do so.

        Their descriptors exclude one another, too.
        """
        descriptor, memory = self._open()
        identity = _identity(os.fstat(descriptor))
        if self._identity not in (None, identity):
            os.close(descriptor)
            raise self._lost("another file stands there")
        if not is_table(memory):
            os.close(descriptor)
            raise self._foreign()
        self._identity = identity
        self._attachment = _Attachment(
            descriptor, CursorTable(memory), self._threads, self._timeout
        )
        return self._attachment

    def _open(self) -> tuple[int, mmap.mmap]:
        descriptor = None
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            return descriptor, mmap.mmap(descriptor, 0)
        except FileNotFoundError as error:
            raise self._lost(error.strerror or str(error)) from error
        except (OSError, ValueError) as error:
            if descriptor is not None:
                os.close(descriptor)
            if isinstance(error, ValueError):  # it is empty
                raise self._foreign() from error
            raise StateLostError(
                f"Cannot open the cursor in the state directory {self._path.parent}: {error}."
            ) from error

    def _foreign(self) -> StateLostError:
        return StateLostError(
            f"{self._path} was not written by this version of llmsim; name another state directory."
        )


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
