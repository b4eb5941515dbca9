"""The store of many hosts, in a Redis or Valkey server.

Each method is one round trip, and one step for everybody else. What a worker knows of a session may
be old: a claim names it, and takes nothing where it is no longer so.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

from llmsim.errors import (
    LimitedError,
    LlmsimError,
    MovedError,
    StateLostError,
    StoreError,
    StoreFullError,
    TracksFullError,
)
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
from llmsim.store.forks import in_each_child
from llmsim.store.redis import verbs
from llmsim.store.redis.gates import RedisGates
from llmsim.store.redis.journal import Journal, Receipt
from llmsim.store.redis.link import Link
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.published import Published
from llmsim.store.redis.scripts import Scripts
from llmsim.store.redis.values import (
    claim_of,
    hexed,
    met,
    new_generation,
    seen_of,
    session_of,
    taking,
)
from llmsim.store.redis.waiting import Waiting

_KNOWN_SESSIONS = 65_536
_AT_ONCE = 200
_MOVED, _FULL, _LIMITED, _NO_PLACE = 1, 2, 4, 5  # what `claim.lua` says beside 0
_NO_ROOM = 1  # what `begin.lua` says beside a session


class RedisStore(Store):
    """See `Store`. All its keys begin with the prefix in braces, which is one slot of a cluster."""

    def __init__(self, link: Link, max_sessions: int, journal_bytes: int) -> None:
        self._room = max_sessions
        self._pipeline = pipeline = Pipeline(link)
        self._run = pipeline.run
        self._waiting = Waiting(link)
        self._seen: dict[str, Seen] = {}
        self._scripts = Scripts(pipeline)
        self._journal = Journal(pipeline, journal_bytes)
        # Its name is that of the master, also in the workers that are forked from it.
        self._published = Published(pipeline, self._scripts, f"{platform.node()}:{os.getpid()}")
        self.gates = RedisGates(pipeline)
        in_each_child(self.detach)

    def detach(self) -> None:
        """Let go of all connections; the next use opens others. A fork must not share one."""
        self._pipeline.renew()
        self._waiting.renew()

    # Cursors

    def look(self, session: str, *, fresh: bool = False) -> Seen:
        """See `Store.look`. Redis is asked where this process has not met the session yet."""
        known = None if fresh else self._seen.get(session)
        if known is None:
            known = self._note(session, self._run(verbs.LOOK, session))
            if not known.script and self._published.is_restored():
                known = self._note(session, self._run(verbs.LOOK, session))
        return known

    def arrive(self, session: str, seen: Seen | None = None) -> Arrival:
        """See `Store.arrive`."""
        found = self._run(verbs.ARRIVE, session, self._room, *met(seen))
        if found[0]:
            raise self._refused(session, found)
        return Arrival(found[1], self._note(session, found[2:]))

    def claim(self, session: str, seen: Seen | None = None, what: Take = TURN) -> Claim:
        """See `Store.claim`."""
        found = self._run(verbs.CLAIM, session, self._room, *met(seen), *taking(what))
        if found[0]:
            raise self._refused(session, found)
        claim = claim_of(found)
        if seen is None:
            self._seen.pop(session, None)
        elif seen.generation != claim.generation:
            self._seen[session] = Seen(claim.generation, claim.script, seen.published)
        return claim

    def charge(self, session: str, generation: int, limit: Limit) -> int:
        """See `Store.charge`."""
        return int(self._run(verbs.CHARGE, session, hexed(generation), limit.key, limit.cost))

    def add(self, session: str, key: bytes, number: int) -> bool:
        """See `Store.add`."""
        return bool(self._run(verbs.ADD, session, key, number, self._room))

    def uncounted(self) -> int:
        """See `Store.uncounted`."""
        return int(self._field("room", "uncounted") or 0)

    def counts(self, session: str, keys: Sequence[bytes]) -> list[int]:
        """See `Store.counts`."""
        found: list[int] = self._run(verbs.COUNTS, session, *keys)
        return found

    def reset(self, session: str) -> Session | None:
        """See `Store.reset`."""
        self._seen.pop(session, None)
        return session_of(self._run(verbs.RESET, session, new_generation()))

    # Scripts

    def publish(self, script: Blob, *, rewinds: bool = True, instead_of: int | None = None) -> int:
        """See `Store.publish`."""
        key = self._published.publish(script, rewinds, instead_of)
        self._seen.clear()
        return key

    def published(self) -> int | None:
        """See `Store.published`."""
        return self._published.key()

    def put_script(self, session: str, script: Blob) -> Session:
        """See `Store.put_script`."""
        found = self._begin(session, "put", script, b"")
        assert found is not None  # noqa: S101 - only `create` finds a session in its way
        return found

    def script(self, key: int) -> Blob:
        """See `Store.script`."""
        try:
            return self._scripts.read(key)
        except StateLostError:
            # Who saw it has seen what is no longer so.
            self._seen = {name: seen for name, seen in self._seen.items() if seen.script != key}
            raise

    # Sessions

    def create(
        self, session: str, script: Blob | None = None, options: bytes = b""
    ) -> Session | None:
        """See `Store.create`."""
        return self._begin(session, "create", script, options)

    def options(self, session: str) -> bytes:
        """See `Store.options`."""
        found: bytes = self._field("session:" + session, "options") or b""
        return found

    def session(self, name: str) -> Session | None:
        """See `Store.session`."""
        return session_of(self._run(verbs.SESSIONS, name))

    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """See `Store.sessions`. A mark is a number in the order in which they were made."""
        found: list[Session] = []
        while len(found) < limit:
            wanted = min(_AT_ONCE, limit - len(found))
            mark, page = self._run(verbs.SESSIONS, "", mark, wanted)
            found += filter(None, map(session_of, page))
            if not mark:
                break
        return found, mark or None

    def session_count(self) -> int:
        """See `Store.session_count`."""
        return int(self._pipeline.call("ZCARD", self._pipeline.base + b"sessions"))

    def delete(self, session: str) -> bool:
        """See `Store.delete`."""
        self._seen.pop(session, None)
        return bool(self._run(verbs.DELETE, session))

    # The journal

    def append(
        self, session: str, generation: int, entry: bytes, *, spare: bool = False
    ) -> Receipt | None:
        """See `Store.append`."""
        return self._journal.append(session, generation, entry, spare)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        self._journal.amend(receipt, ending)

    def entries(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is the id of a line."""
        return self._journal.page(session, mark, limit, keep)

    def wait(self, session: str, mark: int, seconds: float) -> None:
        """See `Store.wait`."""
        self._waiting.wait(self._pipeline.base + b"journal:" + session.encode(), mark, seconds)

    def dropped(self) -> int:
        """See `Store.dropped`."""
        return int(self._field("room", "dropped") or 0)

    def _field(self, key: str, name: str) -> Any:
        return self._pipeline.call("HGET", self._pipeline.base + key.encode(), name)

    def _begin(self, session: str, how: str, script: Blob | None, options: bytes) -> Session | None:
        """Begin a generation of the session, with a script of its own or following the default."""
        self._seen.pop(session, None)
        begun = (session, new_generation(), self._room, how)
        if script is None:
            found = self._run(verbs.BEGIN, *begun, b"", options)
        else:
            _, found = self._scripts.have(
                script, lambda key: self._run(verbs.BEGIN, *begun, key, options)
            )
        if found == _NO_ROOM:
            raise StoreFullError(self._room)
        return session_of(found)

    def _refused(self, session: str, found: list[Any]) -> LlmsimError:
        """Why a claim took nothing."""
        why, *now = found
        if why == _MOVED:
            self._note(session, now)
            return MovedError()
        if why == _FULL:
            return StoreFullError(self._room)
        if why == _LIMITED:
            return LimitedError(tuple(now))
        if why == _NO_PLACE:
            return TracksFullError()
        if self._published.is_restored():
            return MovedError()
        return StoreError("No script has been published in Redis yet; ask again.")

    def _note(self, session: str, found: list[bytes]) -> Seen:
        """Remember what a claim of the session would meet."""
        seen = seen_of(found)
        if len(self._seen) >= _KNOWN_SESSIONS:
            self._seen.clear()
        if seen.script:
            self._seen[session] = seen
        self._published.is_now(seen.published)
        return seen
