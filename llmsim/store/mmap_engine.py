"""The state of one host: a directory that one server holds."""

from __future__ import annotations

import atexit
from pathlib import Path

from llmsim.errors import LlmsimError, StartupError, StoreError
from llmsim.store import state_dir
from llmsim.store.engine import Engine, Hold
from llmsim.store.mmap_store import MmapStore
from llmsim.store.state_dir import StateDir


class _DirectoryHold(Hold):
    def __init__(self, directory: StateDir, store: MmapStore) -> None:
        self.store = store
        self.directory = directory.path
        self._directory = directory

    def forget(self) -> None:
        self._directory.forget()

    def hand_over(self) -> str:
        return self._directory.hand_over()

    def release(self) -> None:
        self._directory.release()


class MmapEngine(Engine):
    """See `Engine`. What is handed over is the hold on the directory."""

    def hold(self, handed_over: str) -> Hold:
        """See `Engine.hold`."""
        if handed_over:
            return self._opened(state_dir.inherit(handed_over), alone=False)
        if self._settings.state_dir:
            return self._opened(state_dir.take(Path(self._settings.state_dir)), alone=True)
        return self._opened(state_dir.make_private(), alone=True)

    def join(self, *, may_be_many: bool) -> tuple[Hold, bool]:
        """See `Engine.join`. The first one publishes."""
        if self._settings.state_dir:
            joined, first = state_dir.join(Path(self._settings.state_dir))
            return self._opened(joined, alone=first), first
        if may_be_many:
            raise StoreError(
                "This server may run several workers, and each would count turns on its own: "
                "start it with `gunicorn -c gunicorn.conf.py wsgi:app` or "
                "`llmsim serve`, or give all workers one directory in LLMSIM_STATE_DIR."
            )
        private = state_dir.make_private()
        atexit.register(private.release)
        return self._opened(private, alone=True), True

    def _opened(self, directory: StateDir, *, alone: bool) -> Hold:
        """The store in a directory; `alone` says that no other process uses it yet.

        Raises:
            StartupError: it cannot be written.
        """
        settings = self._settings
        try:
            store = MmapStore.create_in(
                directory.path,
                settings.max_sessions,
                settings.journal_max_mb * 2**20,
                settings.lock_timeout,
            )
            if alone:
                store.sweep()
        except (LlmsimError, OSError) as error:
            if alone:
                directory.release()
            else:  # another master serves from it, or other workers
                directory.forget()
            if isinstance(error, LlmsimError):
                raise
            raise StartupError(
                f"cannot write into the state directory {directory.path}: {error.strerror}"
            ) from error
        return _DirectoryHold(directory, store)
