"""Reading a session's journal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmsim.json_text import parse
from llmsim.store.base import Store

_POLL_SECONDS = 0.02
_COUNTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Entries:
    """Lines of JSON.

    Those of the session's generation, and the stale ones, of requests that began before the last
    rewind.

    `mark` is what asks for the entries after these.
    """

    current: Sequence[bytes]
    stale: Sequence[bytes]
    mark: int


def read(store: Store, session: str, mark: int, limit: int) -> Entries:
    """At most `limit` entries from `mark` on; 0 is the first."""
    page = store.entries(session, mark, limit)
    belongs = _belongs(store, session)
    whole = [entry for entry in page.entries if _is_whole(entry)]
    current = [entry for entry in whole if entry.startswith(belongs)]
    return Entries(current, [entry for entry in whole if not entry.startswith(belongs)], page.mark)


def wait(store: Store, session: str, mark: int, count: int, seconds: float) -> bool:
    """Wait until there are `count` entries of the current generation from `mark` on.

    False where `seconds` were not enough.
    """
    deadline = time.monotonic() + seconds
    found = 0
    while True:
        entries = read(store, session, mark, _COUNTED_AT_ONCE)
        found, mark = found + len(entries.current), entries.mark
        if found >= count:
            return True
        if time.monotonic() >= deadline:
            return False
        if not entries.current:
            time.sleep(_POLL_SECONDS)


def every(store: Store, session: str) -> Iterator[bytes]:
    """All entries of the current generation, a bounded number in memory at a time."""
    mark = 0
    while True:
        entries = read(store, session, mark, _COUNTED_AT_ONCE)
        yield from entries.current
        if entries.mark == mark:
            return
        mark = entries.mark


def _belongs(store: Store, session: str) -> tuple[bytes, bytes]:
    """How entries begin that are not stale.

    With the session's generation, or with none, for a request that took no turn.
    """
    found = store.session(session)
    generation = found.generation if found else 0
    return b'{"generation":"%016x"' % generation, b'{"generation":null'


def _is_whole(entry: bytes) -> bool:
    """False for what is left of an entry whose writer was killed, or whose disk was full."""
    try:
        parse(entry)
    except ValueError:
        return False
    return True
