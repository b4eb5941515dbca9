"""The store of one host: a cursor table in a mapped file, a file lock around it, and files for scripts and journals."""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from llmsim.errors import StateLostError, StoreFullError
from llmsim.store.base import Claim, Page, Session, Store
from llmsim.store.cursor_table import CursorTable, is_table, new_table
from llmsim.store.journal_files import JournalFiles, Receipt
from llmsim.store.script_files import ScriptFiles
from llmsim.store.state_dir import write_new

# filelock waits between attempts: its own 50 ms would be the p99 of a claim. A turn under the lock takes a few microseconds.
LOCK_POLL_SECONDS = 0.0002
MAX_SESSIONS = 65_536
JOURNAL_BYTES = 256 * 2**20


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
    """Detaches a store in each child that is forked.

    Its descriptor and its map are the parent's open file: with them a child would hold on to the lock of a parent that was killed under it.
    """

    def __init__(self, store: MmapStore) -> None:
        self._store = weakref.ref(store)  # what is registered at fork stays registered

    def __call__(self) -> None:
        store = self._store()
        if store is not None:
            store.detach()


class MmapStore(Store):
    """See `Store`. `directory` must be private to the user, and `create_in` have made the table in it; journals take at most `journal_bytes`."""

    def __init__(self, directory: Path, journal_bytes: int = JOURNAL_BYTES) -> None:
        self._directory = directory
        self._table_path = directory / "cursors"
        self._scripts = ScriptFiles(directory)
        self._journals = JournalFiles(directory)
        self._journal_bytes = journal_bytes
        self._attachment: _Attachment | None = None
        os.register_at_fork(after_in_child=_Detach(self))

    @classmethod
    def create_in(cls, directory: Path, max_sessions: int = MAX_SESSIONS, journal_bytes: int = JOURNAL_BYTES) -> MmapStore:
        """The store in `directory`, with an empty table where there was none.

        Only a server that starts calls this: a worker that made a table anew in the place of a lost one would count from 0 beside the others.

        Raises:
            StateLostError: the table was written by another version, or has room for another number of sessions.
            OSError: the directory cannot be written, or the disk is full.
        """
        store = cls(directory, journal_bytes)
        if not store._table_path.exists():
            with suppress(FileExistsError):  # another worker was first
                # Written out, not sparse: on a full disk a write into a hole of a map kills the process.
                write_new(store._table_path, new_table(max_sessions))
        room = store._attach().table.room
        if room != max_sessions:
            raise StateLostError(
                f"The state directory {directory} was made for {room} sessions, and the setting store.max_sessions says {max_sessions}: "
                "change it back, or name another directory."
            )
        return store

    def sweep(self) -> None:
        """Delete scripts that nothing can ask for any more. Only while no other process uses the store: it may be writing one."""
        with self._locked() as table:
            self._scripts.keep_only(table.scripts())

    # Cursors

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

    def reset(self, session: str) -> Session | None:
        """See `Store.reset`. The journal goes first: an entry of the new generation must not go with it."""
        self._delete_journal(session)
        with self._locked() as table:
            found = table.session(session)
            if found is not None:
                table.begin(session, 0 if found.follows else found.script)
            return table.session(session)

    # Scripts

    def publish(self, script: bytes) -> int:
        """See `Store.publish`. Of the scripts before, the last one is kept: requests in flight may still ask for it."""
        key = self._scripts.write(script)
        with self._locked() as table:
            forgotten = table.replace_default_script(key)
        self._scripts.delete([forgotten])
        return key

    def published(self) -> int | None:
        """See `Store.published`."""
        with self._locked() as table:
            return table.default_script or None

    def put_script(self, session: str, script: bytes) -> Session:
        """See `Store.put_script`. As with `publish`, the script before is kept."""
        key = self._scripts.write(script)
        self._delete_journal(session)
        with self._locked() as table:
            before = table.own_scripts(session)
            try:
                table.begin(session, key)
            except LookupError:
                self._scripts.delete([key])
                raise StoreFullError(table.room) from None
            forgotten = before - table.own_scripts(session)
            found = table.session(session)
        self._scripts.delete(forgotten)
        assert found is not None  # noqa: S101 - it was begun under the same lock
        return found

    def script(self, key: int) -> bytes:
        """See `Store.script`."""
        return self._scripts.read(key)

    # Sessions

    def create(self, session: str) -> Session | None:
        """See `Store.create`."""
        with self._locked() as table:
            if table.session(session) is not None:
                return None
            try:
                table.begin(session)
            except LookupError:
                raise StoreFullError(table.room) from None
            return table.session(session)

    def session(self, name: str) -> Session | None:
        """See `Store.session`."""
        with self._locked() as table:
            return table.session(name)

    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """See `Store.sessions`. The lock is let go of between parts of the table."""
        found: list[Session] = []
        following: int | None = mark
        while following is not None and len(found) < limit:
            with self._locked() as table:
                some, following = table.sessions(following, limit - len(found))
            found += some
        return found, following

    def delete(self, session: str) -> bool:
        """See `Store.delete`."""
        with self._locked() as table:
            scripts = table.own_scripts(session)
            deleted = table.delete(session)
        self._delete_journal(session)
        self._scripts.delete(scripts)
        return deleted

    # The journal

    def append(self, session: str, entry: bytes) -> Receipt | None:
        """See `Store.append`."""
        size = len(entry) + 2
        with self._locked() as table:
            if not table.count_entry(size, self._journal_bytes):
                return None
        try:
            return self._journals.append(session, entry)
        except OSError:
            with self._locked() as table:
                table.uncount_entries(size, dropped=1)
            return None

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        with suppress(OSError):
            self._journals.amend(receipt, ending)

    def entries(self, session: str, mark: int, limit: int) -> Page:
        """See `Store.entries`. A mark is an offset in bytes."""
        return self._journals.page(session, mark, limit)

    def dropped(self) -> int:
        """See `Store.dropped`."""
        with self._locked() as table:
            return table.dropped

    def detach(self) -> None:
        """Close what this process has open of the table; its next use opens it again."""
        if self._attachment is not None:
            self._attachment.table.release()
            os.close(self._attachment.descriptor)
            self._attachment = None

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

    def _delete_journal(self, session: str) -> None:
        size = self._journals.delete(session)
        with self._locked() as table:
            table.uncount_entries(size)
