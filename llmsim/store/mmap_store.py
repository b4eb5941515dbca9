"""The store of one host: a cursor table in a mapped file, a file lock around it, and a file for each script."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError
from llmsim.store.base import Claim, Store
from llmsim.store.cursor_table import CursorTable, is_table, new_key, new_table
from llmsim.store.state_dir import open_private

# filelock waits between attempts: its own 50 ms would be the p99 of a claim. A turn under the lock takes a few microseconds.
LOCK_POLL_SECONDS = 0.0002
_ROWS = 1


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


class MmapStore(Store):
    """See `Store`. `directory` must be private to the user, and `create` have made the table in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._table_path = directory / "cursors"
        self._attachment: _Attachment | None = None

    @classmethod
    def create(cls, directory: Path) -> MmapStore:
        """The store in `directory`, with an empty table where there was none.

        Only a server that starts calls this: a worker that made a table anew in the place of a lost one would count from 0 beside the others.

        Raises:
            StateLostError: the table was written by another version.
            OSError: the directory cannot be written, or the disk is full.
        """
        store = cls(directory)
        if not store._table_path.exists():
            # Written out, not sparse: on a full disk a write into a hole of a map kills the process.
            store._write_file(store._table_path, new_table(_ROWS))
        store._attach()
        return store

    def claim(self, session: str) -> Claim:
        """See `Store.claim`. The lock is written out here, since a context manager would cost half as much again."""
        attached = self._attachment
        if attached is None or attached.pid != os.getpid():
            attached = self._attach()
        with attached.threads:
            lock_descriptor(attached.descriptor, poll_interval=LOCK_POLL_SECONDS)
            try:
                return attached.table.claim(session)
            finally:
                unlock_descriptor(attached.descriptor)

    def publish(self, script: bytes) -> int:
        """See `Store.publish`. Of the scripts before, the last one is kept: requests in flight may still ask for it."""
        key = new_key()
        self._write_file(self._script_path(key), script)
        with self._locked() as table:
            before = table.default_script
            table.default_script = key
        self._delete_scripts_but(key, before)
        return key

    def published(self) -> int | None:
        """See `Store.published`."""
        with self._locked() as table:
            return table.default_script or None

    def script(self, key: int) -> bytes:
        """See `Store.script`."""
        try:
            with open_private(self._script_path(key), os.O_RDONLY) as file:
                return file.read()
        except OSError as error:
            raise StateLostError(f"The script that plays is gone from the state directory {self._directory}: {error.strerror}.") from error

    def position(self, session: str) -> int:
        """See `Store.position`."""
        with self._locked() as table:
            return table.position(session)

    @contextmanager
    def _locked(self) -> Iterator[CursorTable]:
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
            descriptor = os.open(self._table_path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            memory = mmap.mmap(descriptor, 0)
        except (OSError, ValueError) as error:
            raise StateLostError(f"Cannot open the cursor in the state directory {self._directory}: {error}.") from error
        if not is_table(memory):
            raise StateLostError(f"{self._table_path} was not written by this version of llmsim; name another state directory.")
        self._attachment = _Attachment(os.getpid(), descriptor, CursorTable(memory), threading.Lock())
        return self._attachment

    def _write_file(self, path: Path, content: bytes) -> None:
        """The whole file or none of it, whenever the process is killed."""
        part = path.with_suffix(".part")
        with open_private(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
            file.write(content)
        part.replace(path)

    def _script_path(self, key: int) -> Path:
        return self._directory / f"script-{key:016x}.json"

    def _delete_scripts_but(self, *keys: int) -> None:
        kept = {self._script_path(key) for key in keys}
        for path in self._directory.glob("script-*.json"):
            if path not in kept:
                with suppress(FileNotFoundError):
                    path.unlink()
