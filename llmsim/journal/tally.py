"""Counting a session's entries, without reading them whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from llmsim.journal.line import generation_of, status_of
from llmsim.store.base import Session, Store

_REMEMBERED_SESSIONS = 65_536
# Behind the generation; in a line without bodies the name is short.
_TIME = re.compile(rb'[^,]*,"(?:time|t)":([0-9]+(?:\.[0-9]+)?)[,}]')


class Tally(NamedTuple):
    """What a journal has of a session's generation.

    `requests` and the `errors` among them, and when the last one began, in Unix seconds (0 for
    none); `entries` also counts those of earlier generations.
    """

    entries: int = 0
    requests: int = 0
    errors: int = 0
    last: float = 0


class Tallies:
    """The tallies of sessions. What was counted before is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, Tally]] = {}

    def of(self, store: Store, session: Session, pause: Callable[[], None]) -> Tally:
        """The tally of a session, as it stands. `pause` is called time and again meanwhile."""
        generation, place, tally = self._known.get(session.name, (0, 0, Tally()))
        if generation != session.generation:
            # Only with its generation may a journal have been cleared.
            place, tally = 0, Tally()
        counting = _Counting(f"{session.generation:016x}", tally)
        while (following := store.entries(session.name, place, 1, counting.keep).mark) != place:
            place = following
            pause()
        if len(self._known) >= _REMEMBERED_SESSIONS:
            self._known.clear()
        self._known[session.name] = (session.generation, place, counting.tally)
        return counting.tally


class _Counting:
    def __init__(self, generation: str, tally: Tally) -> None:
        self._generation = generation
        self.tally = tally

    def keep(self, line: bytes) -> bool:
        """Count a line, and keep none."""
        generation = generation_of(line)
        if generation is None:
            return False
        entries, requests, errors, last = self.tally
        if generation == self._generation:
            requests += 1
            errors += status_of(line) >= 400
            found = _TIME.match(line)
            last = max(last, float(found[1])) if found else last
        self.tally = Tally(entries + 1, requests, errors, last)
        return False
