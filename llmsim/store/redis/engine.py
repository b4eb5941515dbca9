"""The state of many hosts: keys in a server, which nobody holds."""

from __future__ import annotations

from llmsim.errors import StartupError
from llmsim.settings import Settings
from llmsim.store.engine import Engine, Hold
from llmsim.store.redis.link import Link, Timeouts
from llmsim.store.redis.redis_store import RedisStore


class _SharedHold(Hold):
    def __init__(self, store: RedisStore) -> None:
        self.store = store

    def forget(self) -> None:
        """Others hold it, too."""

    def hand_over(self) -> str:
        return ""

    def release(self) -> None:
        """What is there belongs to all."""


class RedisEngine(Engine):
    """See `Engine`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._base = f"{{{settings.store_prefix}}}:".encode()
        timeouts = Timeouts(settings.store_connect_timeout, settings.store_timeout)
        try:
            self._link = Link(settings.store_url, self._base, timeouts)
        except (ValueError, TypeError) as error:
            raise StartupError(f"store.url (LLMSIM_STORE): {error}") from error

    def hold(self, handed_over: str) -> Hold:  # noqa: ARG002 - nothing is
        """See `Engine.hold`."""
        settings = self._settings
        store = RedisStore(
            self._link, self._base, settings.max_sessions, settings.journal_max_mb * 2**20
        )
        store.published()  # a server that cannot be used is told of now
        return _SharedHold(store)

    def join(self, *, may_be_many: bool) -> tuple[Hold, bool]:  # noqa: ARG002 - as on other hosts
        """See `Engine.join`. Everybody publishes: the same script once more changes nothing."""
        return self.hold(""), True
