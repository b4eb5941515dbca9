"""The store of many hosts, in a Redis or Valkey server.

Each method is one round trip, and one step for everybody else. What a worker knows of a session may
be old: a claim names it, and takes nothing where it is no longer so.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
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
    MAIN,
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
from llmsim.store.redis.gates import RedisGates
from llmsim.store.redis.journal import Journal, Receipt
from llmsim.store.redis.link import Link
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.published import Published
from llmsim.store.redis.scripts import Scripts, hexed
from llmsim.store.redis.verbs import (
    ADD,
    ARRIVE,
    BEGIN,
    CHARGE,
    CLAIM,
    COUNTS,
    DELETE,
    LOOK,
    PUBLISH,
    RESET,
    SESSIONS,
    Verb,
)
from llmsim.store.redis.waiting import Waiting

log = logging.getLogger("llmsim.store")

_KNOWN_SESSIONS = 65_536
_AT_ONCE = 200
_STAGINGS = 3
_MOVED, _FULL, _LIMITED, _NO_PLACE = 1, 2, 4, 5  # what `claim.lua` says beside 0
_GONE, _NO_ROOM = 0, 1  # what `begin.lua` says beside a session
_OTHER = 2  # what `publish.lua` says beside 0 and 1


def new_generation() -> bytes:
    """A generation that begins, if one does: random, so no two are ever the same."""
    return os.urandom(8).hex().encode()


class RedisStore(Store):
    """See `Store`. All its keys begin with the prefix in braces, which is one slot of a cluster."""

    def __init__(self, link: Link, base: bytes, max_sessions: int, journal_bytes: int) -> None:
        self._link = link
        self._base = base
        self._room = max_sessions
        self._scripts = Scripts(base)
        self._journal = Journal(base, journal_bytes)
        # Known to the workers that are forked from this process.
        self._published = Published(base, self._scripts, f"{platform.node()}:{os.getpid()}")
        self.gates = RedisGates(base, lambda: self._pipeline)
        self.detach()
        in_each_child(self.detach)

    def detach(self) -> None:
        """Let go of the connection; the next use opens another. A fork must not share one."""
        self._pipeline = Pipeline(self._link)
        self._waiting = Waiting(self._link)
        self._seen: dict[str, Seen] = {}

    # Cursors

    def look(self, session: str, *, fresh: bool = False) -> Seen:
        """See `Store.look`. Redis is asked where this process has not met the session yet."""
        known = None if fresh else self._seen.get(session)
        if known is None:
            known = self._note(session, self._run(LOOK, session))
            if not known.script and self._is_restored():
                known = self._note(session, self._run(LOOK, session))
        return known

    def arrive(self, session: str, seen: Seen | None = None) -> Arrival:
        """See `Store.arrive`."""
        found = self._run(ARRIVE, session, new_generation(), self._room, *_named(seen))
        if found[0]:
            raise self._refused(session, found)
        return Arrival(found[1], self._note(session, found[2:]))

    def claim(self, session: str, seen: Seen | None = None, what: Take = TURN) -> Claim:
        """See `Store.claim`."""
        kind = "track" if what.place else "none" if what.place is None else "main"
        found = self._run(
            CLAIM,
            session,
            new_generation(),
            self._room,
            *_named(seen),
            kind,
            what.place or MAIN,
            what.tries or b"",
            b"%d%b" % (what.in_turn, b"".join(what.served)) if what.served else b"",
            "" if what.arrival is None else what.arrival,
            *(value for limit in what.limits for value in limit),
        )
        if found[0]:
            raise self._refused(session, found)
        _, position, arrival, place, tries, generation, script, *limits = found
        claim = Claim(
            position,
            int(generation, 16),
            arrival,
            int(script, 16),
            place,
            tries,
            tuple(limits),
        )
        if seen is None:
            self._seen.pop(session, None)
        elif seen.generation != claim.generation:
            self._seen[session] = Seen(claim.generation, claim.script, seen.published)
        return claim

    def charge(self, session: str, generation: int, limit: Limit) -> int:
        """See `Store.charge`."""
        return int(self._run(CHARGE, session, hexed(generation), limit.key, limit.cost))

    def add(self, session: str, key: bytes, number: int) -> bool:
        """See `Store.add`."""
        return bool(self._run(ADD, session, key, number, self._room))

    def uncounted(self) -> int:
        """See `Store.uncounted`."""
        return self._in_room("uncounted")

    def counts(self, session: str, keys: Sequence[bytes]) -> list[int]:
        """See `Store.counts`."""
        found: list[int] = self._run(COUNTS, session, *keys)
        return found

    def reset(self, session: str) -> Session | None:
        """See `Store.reset`."""
        self._seen.pop(session, None)
        return _session(self._run(RESET, session, new_generation()))

    # Scripts

    def publish(self, script: Blob, *, rewinds: bool = True, instead_of: int | None = None) -> int:
        """See `Store.publish`."""
        expected = b"" if instead_of is None else hexed(instead_of)
        how = (self._published.own_name, int(rewinds), expected)
        key, found = self._with_script(script, lambda key: self._run(PUBLISH, key, *how))
        if found == _OTHER:
            raise MovedError
        self._published.know(key, script)
        self._seen.clear()
        return key

    def published(self) -> int | None:
        """See `Store.published`."""
        found = self._pipeline.call("HGET", self._base + b"now", "script")
        if found is None and self._is_restored():
            return self.published()
        return int(found, 16) if found else None

    def put_script(self, session: str, script: Blob) -> Session:
        """See `Store.put_script`."""
        found = self._begin(session, "put", script, b"")
        assert found is not None  # noqa: S101 - only `create` finds a session in its way
        return found

    def script(self, key: int) -> Blob:
        """See `Store.script`."""
        try:
            return self._scripts.read(self._pipeline, key)
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
        name = self._base + b"session:" + session.encode()
        found: bytes | None = self._pipeline.call("HGET", name, "options")
        return found or b""

    def session(self, name: str) -> Session | None:
        """See `Store.session`."""
        return _session(self._run(SESSIONS, name))

    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """See `Store.sessions`. A mark is a number in the order in which they were made."""
        found: list[Session] = []
        while len(found) < limit:
            wanted = min(_AT_ONCE, limit - len(found))
            mark, page = self._run(SESSIONS, "", mark, wanted)
            found += filter(None, map(_session, page))
            if not mark:
                break
        return found, mark or None

    def session_count(self) -> int:
        """See `Store.session_count`."""
        return int(self._pipeline.call("ZCARD", self._base + b"sessions"))

    def delete(self, session: str) -> bool:
        """See `Store.delete`."""
        self._seen.pop(session, None)
        return bool(self._run(DELETE, session))

    # The journal

    def append(
        self, session: str, generation: int, entry: bytes, *, spare: bool = False
    ) -> Receipt | None:
        """See `Store.append`."""
        return self._journal.append(self._pipeline, session, generation, entry, spare)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        with suppress(StoreError):
            self._journal.amend(self._pipeline, receipt, ending)

    def entries(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is the id of a line."""
        return self._journal.page(self._pipeline, session, mark, limit, keep)

    def wait(self, session: str, mark: int, seconds: float) -> None:
        """See `Store.wait`."""
        self._waiting.wait(self._base + b"journal:" + session.encode(), mark, seconds)

    def dropped(self) -> int:
        """See `Store.dropped`."""
        return self._in_room("dropped")

    def _in_room(self, name: str) -> int:
        return int(self._pipeline.call("HGET", self._base + b"room", name) or 0)

    def _run(self, verb: Verb, *arguments: bytes | str | int) -> Any:
        return self._pipeline.run(verb, self._base, *arguments)

    def _begin(self, session: str, how: str, script: Blob | None, options: bytes) -> Session | None:
        """Begin a generation of the session, with a script of its own or following the default."""
        self._seen.pop(session, None)
        begun = (session, new_generation(), self._room, how)
        if script is None:
            found = self._run(BEGIN, *begun, b"", options)
        else:
            _, found = self._with_script(script, lambda key: self._run(BEGIN, *begun, key, options))
        if found == _NO_ROOM:
            raise StoreFullError(self._room)
        return _session(found)

    def _with_script(self, script: Blob, act: Callable[[bytes], Any]) -> tuple[int, Any]:
        """What `act` gives for the script, whose key it takes; and the key.

        The script may be gone again by then: whoever else played it has just stopped.
        """
        for _ in range(_STAGINGS):
            key = self._scripts.stage(self._pipeline, script)
            found = act(hexed(key))
            if found != _GONE:
                return key, found
        raise StateLostError("The script is deleted from Redis as fast as it is written.")

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
        if self._is_restored():
            return MovedError()
        return StoreError("No script has been published in Redis yet; ask again.")

    def _is_restored(self) -> bool:
        """Publish what was published last, in a server that was emptied; false before the first."""
        script = self._published.script
        if script is None:
            return False
        log.warning(
            "Redis at %s was emptied: every session begins a new generation, at position 0",
            self._link.name,
        )
        self.publish(script)
        return True

    def _note(self, session: str, found: list[bytes]) -> Seen:
        """Remember what a claim of the session would meet."""
        seen = Seen(*(int(number, 16) for number in found))
        if len(self._seen) >= _KNOWN_SESSIONS:
            self._seen.clear()
        if seen.script:
            self._seen[session] = seen
        self._published.is_now(self._pipeline, seen.published)
        return seen


def _named(seen: Seen | None) -> Iterable[bytes]:
    """What was seen, as the Lua programs take it."""
    return map(hexed, seen) if seen else (b"", b"", b"")


def _session(found: list[Any] | None) -> Session | None:
    """A session as the Lua programs give it."""
    if found is None:
        return None
    name, position, generation, script, own = found
    return Session(name.decode(), position, int(generation, 16), int(script, 16), own != b"1")
