"""The state of many hosts: keys in a server, which nobody holds."""

from __future__ import annotations

import logging

from llmsim.errors import StartupError, StoreUnreachableError
from llmsim.settings import Settings
from llmsim.store import state_dir
from llmsim.store.engine import Engine, Hold
from llmsim.store.redis.link import Link, Timeouts
from llmsim.store.redis.redis_store import RedisStore
from llmsim.store.state_dir import StateDir

_log = logging.getLogger(__name__)


class _SharedHold(Hold):
    """What is in the server belongs to all; `own` is what this host has for itself."""

    def __init__(self, store: RedisStore, own: StateDir | None = None) -> None:
        self.store = store
        self.directory = own.path if own else None
        self._own = own

    def forget(self) -> None:
        if self._own:
            self._own.forget()

    def hand_over(self) -> str:
        return self._own.hand_over() if self._own else ""

    def release(self) -> None:
        if self._own:
            self._own.release()


class RedisEngine(Engine):
    """See `Engine`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        base = f"{{{settings.store_prefix}}}:".encode()
        timeouts = Timeouts(settings.store_connect_timeout, settings.store_timeout)
        try:
            self._link = Link(settings.store_url, base, timeouts)
        except (ValueError, TypeError) as error:
            raise StartupError(f"store.url (LLMSIM_STORE): {_why(error, settings)}") from None

    def hold(self, handed_over: str) -> Hold:
        """See `Engine.hold`. What is handed over is the directory of this host."""
        try:
            store = self._store()
        except StoreUnreachableError as error:  # whose words are for a server that goes on
            raise StartupError(
                f"Redis at {error.name} does not answer ({error.reason.rstrip('.')}): see to it, "
                "or to store.url (LLMSIM_STORE)"
            ) from error
        return _SharedHold(store, _own(handed_over))

    def join(self, *, may_be_many: bool) -> tuple[Hold, bool]:  # noqa: ARG002 - as on other hosts
        """See `Engine.join`. Everybody publishes: the same script once more changes nothing."""
        return _SharedHold(self._store()), True

    def _store(self) -> RedisStore:
        settings = self._settings
        store = RedisStore(self._link, settings.max_sessions, settings.journal_max_mb * 2**20)
        store.published()  # a server that cannot be used is told of now
        return store


def _why(error: Exception, settings: Settings) -> str:
    """What is wrong with the URL. The error itself may show a part of the password."""
    if "@" not in settings.store_url:
        return str(error)
    return (
        "it cannot be read; expected something like redis://user:password@host:6379/0, and in the "
        "password %2F for /, %3F for ?, %23 for # and %40 for @"
    )


def _own(handed_over: str) -> StateDir | None:
    """A directory of this host alone; a server serves without one, too."""
    if handed_over:
        return state_dir.inherit(handed_over)
    try:
        return state_dir.make_private()
    except StartupError as error:
        _log.warning("Each worker shows its own metrics alone: %s", error)
        return None
