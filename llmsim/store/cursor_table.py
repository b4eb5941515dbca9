"""The table of cursors over its map. No lock is taken here: the caller holds it."""

from __future__ import annotations

import mmap
from array import array

from llmsim.errors import MovedError
from llmsim.store.base import Arrival, Claim, Limit, Seen, Session, Take
from llmsim.store.name_index import NameIndex
from llmsim.store.session_counters import SessionCounters, add_to
from llmsim.store.table_layout import (
    ARRIVAL,
    DEFAULT_SCRIPT,
    DELETED,
    DELETIONS,
    DROPPED,
    ERA,
    FOLLOWS,
    FREE,
    GENERATION,
    HEADER,
    JOURNAL_SIZE,
    LIVE,
    OWN,
    PLACE,
    POSITION,
    ROOM,
    ROW,
    ROW_COUNT,
    SCRIPT,
    STATE,
    STATES,
    TAKEN,
    UNCOUNTED,
    USE,
    live_state,
    new_key,
    rows_in_use,
)

_SCANNED_ROWS = 2048


class CursorTable:
    """The table over a map of it."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._words = memoryview(memory).cast("Q")
        self._rows = self._words[ROW_COUNT]
        self._names = NameIndex(memory, self._words)
        self._counters = SessionCounters(self._words)

    @property
    def default_script(self) -> int:
        """The key of the default script, 0 for none."""
        return self._words[DEFAULT_SCRIPT]

    def publish(self, key: int, *, rewinds: bool) -> None:
        """Make the script of that key the default one.

        The era comes first: killed between the two, sessions begin anew, and with the old script.
        """
        if rewinds:
            self._words[ERA] = new_key()
        self._words[DEFAULT_SCRIPT] = key

    def recount(self) -> set[int]:
        """Count the sessions anew; the keys of all scripts that play."""
        rows = rows_in_use(self._words)
        live = [state for row in rows if (state := live_state(self._words, row))]
        self._words[TAKEN] = len(live)
        return {self.default_script, *map(self._playing, live)}

    def release(self) -> None:
        """Let go of the map, which cannot be used from here on."""
        self._words.release()
        self._memory.close()

    @property
    def room(self) -> int:
        """How many sessions there may be."""
        return self._words[ROOM]

    @property
    def taken(self) -> int:
        """How many sessions there are."""
        return self._words[TAKEN]

    @property
    def dropped(self) -> int:
        """Journal entries that were dropped."""
        return self._words[DROPPED]

    @property
    def uncounted(self) -> int:
        """What found no room among the counters."""
        return self._words[UNCOUNTED]

    def look(self, session: str) -> Seen | None:
        """What a claim of the session would meet, read without the lock; None where that needs it.

        It may mix two states of the session, or be another session's, if either changes meanwhile:
        a claim finds that out.
        """
        row = self._names.known(session)
        state = live_state(self._words, row) if row else 0
        return self._seen(state) if state else None

    def seen(self, session: str) -> Seen:
        """What a claim of the session would meet."""
        return self._seen(self._state(session))

    def arrive(self, session: str, seen: Seen | None) -> Arrival:
        """Count a request; see `Store.arrive`.

        Raises:
            MovedError: the session is no longer as it was seen.
            LookupError: there is no room for another session.
        """
        state = self._met(session, seen)
        return Arrival(add_to(self._words, state + ARRIVAL, 1), self._seen(state))

    def claim(self, session: str, seen: Seen | None, what: Take) -> Claim:
        """Advance the session's cursor, made at need; see `Store.claim`.

        Raises:
            MovedError: the session is no longer as it was seen.
            LimitedError: a limit does not let it through.
            LookupError: there is no room for another session.
            TracksFullError: there is none for another track of one.
        """
        words = self._words
        state = self._met(session, seen)
        place = self._counters.place(state, what.place)
        arrival = what.arrival
        if arrival is None:
            arrival = add_to(words, state + ARRIVAL, 1)
        used = self._counters.limited(state, what.limits) if what.limits else ()
        position = words[state + POSITION]
        taken = words[place] if place else 0
        if place == state + PLACE:
            # At once: without tracks they are the same number, also after a kill.
            words[state + POSITION : state + PLACE + 1] = array("Q", (position + 1, taken + 1))
        else:
            words[state + POSITION] = position + 1
            if place:
                words[place] = taken + 1
        tries = self._counters.tried(state, what.tries) if what.tries else 0
        if what.served:
            words[UNCOUNTED] += not self._counters.add(state, what.serves(tries), 1)
        return Claim(
            position,
            words[state + GENERATION],
            arrival,
            self._playing(state),
            taken,
            tries,
            used,
        )

    def charge(self, session: str, generation: int, limit: Limit) -> int:
        """Take of a limit, also beyond its window; see `Store.charge`."""
        state = self._state(session)
        if not state or self._words[state + GENERATION] != generation:
            return 0
        return self._counters.charge(state, limit)

    def add(self, session: str, key: bytes, number: int) -> bool:
        """Add to a kept counter of the session; false where there is no session or no room."""
        state = self._state(session)
        if not state:
            return False
        added = self._counters.add(state, key, number)
        if not added:
            self._words[UNCOUNTED] += 1
        return added

    def count(self, session: str, key: bytes) -> int:
        """The value of a kept counter of the session; 0 where there is none.

        And where the next claim begins anew.
        """
        state = self._state(session)
        return 0 if self._begins(state) else self._counters.count(state, key)

    def _met(self, session: str, seen: Seen | None) -> int:
        """Where the state begins that a request meets, if it is as it was seen; begun at need.

        Raises:
            MovedError: it is no longer so.
            LookupError: there is no room for another session.
        """
        state = self._state(session)
        begins = self._begins(state)
        if seen is not None and not self._is_as(seen, state, begins=begins):
            raise MovedError
        return self.begin(session) if begins else state

    def _state(self, session: str) -> int:
        """Where the session's state begins, 0 where there is no such session."""
        return live_state(self._words, self._names.find(session))

    def _begins(self, state: int) -> bool:
        """Whether the next claim begins a generation.

        It does for a new session, and where one follows a default script that was replaced.
        """
        words = self._words
        return not state or (words[state + SCRIPT] != words[ERA] and words[state + USE] == FOLLOWS)

    def _playing(self, state: int) -> int:
        """The key of the script that the session plays."""
        words = self._words
        playing: int = words[DEFAULT_SCRIPT]
        if words[state + USE] == OWN:
            playing = words[state + SCRIPT]
        return playing

    def _seen(self, state: int) -> Seen:
        words = self._words
        default: int = words[DEFAULT_SCRIPT]
        if self._begins(state):
            return Seen(0, default, default)
        return Seen(words[state + GENERATION], self._playing(state), default)

    def _is_as(self, seen: Seen, state: int, *, begins: bool) -> bool:
        """Whether a claim meets what was seen."""
        generation, script, published = seen
        words = self._words
        if begins or published != words[DEFAULT_SCRIPT]:
            return begins and generation == 0 and published == words[DEFAULT_SCRIPT]
        return bool(generation == words[state + GENERATION] and script == self._playing(state))

    def begin(self, session: str, own_script: int = 0) -> int:
        """Start a generation of the session, which is made at need; where its state begins.

        It has a script of its own or, for 0, the default one.

        Raises:
            LookupError: there is no room for another session.
        """
        words = self._words
        row = self._names.find(session)
        if words[row + LIVE] in (FREE, DELETED):
            if words[TAKEN] >= words[ROOM]:
                raise LookupError(session)
            words[TAKEN] += 1
            self._names.write(row, session)
        live = 2 if words[row + LIVE] == 1 else 1
        state = row + STATES + (live - 1) * STATE
        words[state + POSITION] = 0
        words[state + PLACE] = 0
        words[state + ARRIVAL] = 0
        words[state + GENERATION] = new_key()
        words[state + SCRIPT] = own_script or words[ERA]
        words[state + USE] = OWN if own_script else FOLLOWS
        words[row + LIVE] = live
        return state

    def session(self, name: str) -> Session | None:
        """The session, or None."""
        row = self._names.find(name)
        return self._session(row) if live_state(self._words, row) else None

    def sessions(self, start: int, limit: int) -> tuple[list[Session], int | None]:
        """At most `limit` sessions from row number `start` on, and the number to go on from.

        None stands for the end.

        One call looks at a bounded number of rows, and so may find none: the caller holds the lock
        that every claim waits for.
        """
        found: list[Session] = []
        end = min(start + _SCANNED_ROWS, self._rows)
        for number in range(start, end):
            row = HEADER + number * ROW
            if live_state(self._words, row):
                found.append(self._session(row))
                if len(found) == limit:
                    end = number + 1
                    break
        return found, end if end < self._rows else None

    def delete(self, name: str) -> bool:
        """Forget the session; false where there was none."""
        words, row = self._words, self._names.find(name)
        if not live_state(self._words, row):
            return False
        words[DELETIONS] += 1
        words[row + LIVE] = DELETED
        words[TAKEN] -= 1
        # A mark before a free row stops no search, so it can go, and then the one before it.
        end = HEADER + self._rows * ROW
        following = row + ROW if row + ROW < end else HEADER
        while words[following + LIVE] == FREE and words[row + LIVE] == DELETED:
            words[row + LIVE] = FREE
            following, row = row, row - ROW if row > HEADER else end - ROW
        return True

    @property
    def journal_size(self) -> int:
        """Bytes that are counted as taken by the journals."""
        return self._words[JOURNAL_SIZE]

    @journal_size.setter
    def journal_size(self, size: int) -> None:
        self._words[JOURNAL_SIZE] = size

    def count_entry(self, size: int, limit: int) -> bool:
        """Count `size` bytes of journal in; false where all would be more than `limit` bytes."""
        if self._words[JOURNAL_SIZE] + size > limit:
            return False
        self._words[JOURNAL_SIZE] += size
        return True

    def uncount_entries(self, size: int, dropped: int = 0) -> None:
        """Count `size` bytes of the journals out again, and entries that were dropped in."""
        self._words[JOURNAL_SIZE] -= min(size, self._words[JOURNAL_SIZE])
        self._words[DROPPED] += dropped

    def _session(self, row: int) -> Session:
        words, state = self._words, live_state(self._words, row)
        follows = words[state + USE] == FOLLOWS
        position = 0 if self._begins(state) else words[state + POSITION]
        script = self._playing(state)
        return Session(self._names.name(row), position, words[state + GENERATION], script, follows)
