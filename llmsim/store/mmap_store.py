"""The store of one host.

A cursor table in a mapped file, a file lock around it, and files for scripts and journals.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from llmsim.errors import MovedError, StateLostError, StoreFullError
from llmsim.store.base import (
    TURN,
    Arrival,
    Blob,
    Claim,
    KeepLine,
    Limit,
    Page,
    Seen,
    Session,
    Store,
    Take,
)
from llmsim.store.cursor_table import CursorTable
from llmsim.store.gate_files import GateFiles
from llmsim.store.journal_files import Receipt
from llmsim.store.journals import Journals
from llmsim.store.locked_table import LOCK_TIMEOUT_SECONDS, LockedTable
from llmsim.store.script_files import ScriptFiles
from llmsim.store.session_files import OptionFiles
from llmsim.store.table_file import check_rows, make_table

TABLE_NAME = "cursors"
MAX_SESSIONS = 65_536
JOURNAL_BYTES = 256 * 2**20
_LOOK_SECONDS = 0.02


class MmapStore(Store):
    """See `Store`.

    `directory` must be private to the user, and `create_in` have made the table in it; journals
    take at most `journal_bytes`. A lock that is held is waited for `lock_timeout` seconds.
    """

    def __init__(
        self,
        directory: Path,
        journal_bytes: int = JOURNAL_BYTES,
        lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    ) -> None:
        self._directory = directory
        self._table = LockedTable(directory / TABLE_NAME, lock_timeout)
        self._scripts = ScriptFiles(directory)
        self._options = OptionFiles(directory)
        self.gates: GateFiles = GateFiles(self._table, directory, lock_timeout)
        self._journals = Journals(self._table, directory, journal_bytes)

    @classmethod
    def create_in(
        cls,
        directory: Path,
        max_sessions: int = MAX_SESSIONS,
        journal_bytes: int = JOURNAL_BYTES,
        lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    ) -> MmapStore:
        """The store in `directory`, with an empty table where there was none.

        Only a server that starts calls this: a worker that made a table anew in the place of a lost
        one would count from 0 beside the others.

        Raises:
            StateLostError: the table was written by another version, or has room for another number
                of sessions.
            StartupError: a table of that many sessions is too large for this machine.
            OSError: the directory cannot be written, or the disk is full.
        """
        store = cls(directory, journal_bytes, lock_timeout)
        make_table(directory / TABLE_NAME, max_sessions)
        with store._table.locked() as table:
            room = table.room
        if room != max_sessions:
            raise StateLostError(
                f"The state directory {directory} was made for {room} sessions, and the "
                f"setting store.max_sessions says {max_sessions}: "
                "change it back, or name another directory."
            )
        return store

    def sweep(self) -> None:
        """Make up for what killed processes left.

        Count anew, and delete scripts that belong to nobody.

        Only while no other process uses the store: it may be writing one.

        Raises:
            StateLostError: the table is damaged.
        """
        check_rows(self._directory / TABLE_NAME)
        with self._table.locked() as table:
            self._scripts.keep_only(table.recount())
            table.journal_size = self._journals.size()

    def detach(self) -> None:
        """Close what this process has open of the table; its next use opens it again."""
        self._table.detach()

    # Cursors

    def look(self, session: str, *, fresh: bool = False) -> Seen:  # noqa: ARG002 - it always is
        """See `Store.look`. Most often it needs no lock."""
        seen = self._table.unlocked().look(session)
        if seen is not None:
            return seen
        with self._table.locked() as table:
            return table.seen(session)

    def arrive(self, session: str, seen: Seen | None = None) -> Arrival:
        """See `Store.arrive`."""
        with self._table.locked() as table:
            try:
                return table.arrive(session, seen)
            except LookupError:
                raise StoreFullError(table.room) from None

    def claim(self, session: str, seen: Seen | None = None, what: Take = TURN) -> Claim:
        """See `Store.claim`."""
        with self._table.locked() as table:
            try:
                return table.claim(session, seen, what)
            except LookupError:
                raise StoreFullError(table.room) from None

    def charge(self, session: str, generation: int, limit: Limit) -> int:
        """See `Store.charge`."""
        with self._table.locked() as table:
            return table.charge(session, generation, limit)

    def add(self, session: str, key: bytes, number: int) -> bool:
        """See `Store.add`."""
        with self._table.locked() as table:
            return table.add(session, key, number)

    def uncounted(self) -> int:
        """See `Store.uncounted`."""
        with self._table.locked() as table:
            return table.uncounted

    def counts(self, session: str, keys: Sequence[bytes]) -> list[int]:
        """See `Store.counts`."""
        with self._table.locked() as table:
            return [table.count(session, key) for key in keys]

    def reset(self, session: str) -> Session | None:
        """See `Store.reset`."""
        with self._table.locked() as table:
            found = table.session(session)
            if found is None:
                return None
            self._journals.delete(table, session)
            table.begin(session, 0 if found.follows else found.script)
            return table.session(session)

    # Scripts

    def publish(self, script: Blob, *, rewinds: bool = True, instead_of: int | None = None) -> int:
        """See `Store.publish`."""
        published = self.published()
        if published is not None and self._scripts.read(published)[:] == script[:]:
            return published
        key = self._scripts.write(script)
        with self._table.locked() as table:
            before = table.default_script
            is_moved = instead_of not in (None, before)
            if not is_moved:
                table.publish(key, rewinds=rewinds)
        self._scripts.delete([key if is_moved else before])
        if is_moved:
            raise MovedError
        return key

    def published(self) -> int | None:
        """See `Store.published`."""
        with self._table.locked() as table:
            return table.default_script or None

    def put_script(self, session: str, script: Blob) -> Session:
        """See `Store.put_script`."""
        key = self._scripts.write(script)
        with self._table.locked() as table:
            before = table.session(session)
            try:
                table.begin(session, key)
            except LookupError:
                self._scripts.delete([key])
                raise StoreFullError(table.room) from None
            found = table.session(session)
            assert found is not None  # noqa: S101 - it was begun under the same lock
            self._journals.begin(table, session, found.generation)
        self._delete_own_script(before)
        return found

    def script(self, key: int) -> Blob:
        """See `Store.script`."""
        return self._scripts.read(key)

    # Sessions

    def create(
        self, session: str, script: Blob | None = None, options: bytes = b""
    ) -> Session | None:
        """See `Store.create`."""
        key = 0 if script is None else self._scripts.write(script)
        made = None
        try:
            with self._table.locked() as table:
                made = self._made(table, session, key, options)
        finally:
            if made is None:
                self._scripts.delete([key])
        return made

    def _made(self, table: CursorTable, session: str, key: int, options: bytes) -> Session | None:
        if table.session(session) is not None:
            return None
        if options:  # before the session is there, for who reads them takes no lock
            self._options.write(session, options)
        try:
            table.begin(session, key)
        except LookupError:
            self._options.delete(session)
            raise StoreFullError(table.room) from None
        return table.session(session)

    def options(self, session: str) -> bytes:
        """See `Store.options`."""
        return self._options.read(session)

    def session(self, name: str) -> Session | None:
        """See `Store.session`."""
        with self._table.locked() as table:
            return table.session(name)

    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """See `Store.sessions`. The lock is let go of between parts of the table."""
        found: list[Session] = []
        following: int | None = mark
        while following is not None and len(found) < limit:
            with self._table.locked() as table:
                some, following = table.sessions(following, limit - len(found))
            found += some
        return found, following

    def session_count(self) -> int:
        """See `Store.session_count`. It may be off by one after a kill."""
        with self._table.locked() as table:
            return table.taken

    def delete(self, session: str) -> bool:
        """See `Store.delete`."""
        with self._table.locked() as table:
            before = table.session(session)
            self._journals.delete(table, session)
            self._options.delete(session)
            deleted = table.delete(session)
        if before is not None:
            self.gates.delete(session, before.generation)
        self._delete_own_script(before)
        return deleted

    # The journal

    def append(
        self, session: str, generation: int, entry: bytes, *, spare: bool = False
    ) -> Receipt | None:
        """See `Store.append`."""
        return self._journals.append(session, generation, entry, spare)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        with suppress(OSError):
            self._journals.amend(receipt, ending)

    def entries(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is an offset in bytes."""
        return self._journals.page(session, mark, limit, keep)

    def wait(self, session: str, mark: int, seconds: float) -> None:  # noqa: ARG002
        """See `Store.wait`. Files tell nobody that they have grown: time goes by."""
        time.sleep(min(_LOOK_SECONDS, seconds))

    def dropped(self) -> int:
        """See `Store.dropped`."""
        with self._table.locked() as table:
            return table.dropped

    def _delete_own_script(self, session: Session | None) -> None:
        """A request that claimed and has not read its script yet finds it gone, and claims again.

        See `Playback.take`.
        """
        if session is not None and not session.follows:
            self._scripts.delete([session.script])
