"""Waiting for lines of a journal: on connections of their own, for a wait holds a connection up.

There are few of them. Whoever finds none free lets a little time go by instead.
"""

from __future__ import annotations

import time

from redis.connection import AbstractConnection
from redis.exceptions import RedisError

from llmsim.errors import StoreError
from llmsim.store.redis.link import Link

_MOST = 8
_LOOK_SECONDS = 0.02
# Shorter than any time-out: who waits longer asks again.
_WAIT_SECONDS = 0.5


class Waiting:
    """The waiting connections of a process over `link`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.renew()

    def renew(self) -> None:
        """Let go of the connections, which a forked process must not share with its parent."""
        self._free: list[AbstractConnection | None] = [None] * _MOST

    def wait(self, stream: bytes, after: int, seconds: float) -> None:
        """Return when the stream has entries after that id, after `seconds` at the latest."""
        try:
            connection = self._free.pop()
        except IndexError:
            time.sleep(min(_LOOK_SECONDS, seconds))
            return
        kept = None
        try:
            connection = connection or self._link.open()
            block = max(1, int(min(_WAIT_SECONDS, seconds) * 1000))
            connection.send_command(
                "XREAD", "COUNT", 1, "BLOCK", block, "STREAMS", stream, f"{after}-0"
            )
            connection.read_response()
            kept = connection
        except (StoreError, RedisError, OSError):
            time.sleep(min(_LOOK_SECONDS, seconds))  # the read that follows says what is wrong
        finally:
            if kept is None and connection is not None:
                connection.disconnect()
            self._free.append(kept)
