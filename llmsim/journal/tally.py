"""Counting a session's entries, without reading them whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from llmsim.journal.line import generation_of, status_of
from llmsim.made_ids import generation_mark
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
        counting = _Counting(generation_mark(session.generation), tally)
        while (following := store.entries(session.name, place, 1, counting.keep).mark) != place:
            place = following
            pause()
        if len(self._known) >= _REMEMBERED_SESSIONS:
            self._known.clear()
        tally = counting.tally
        self._known[session.name] = (session.generation, place, tally)
        return tally


class _Counting:
    """Counts lines on top of a tally."""

    def __init__(self, generation: str, before: Tally) -> None:
        self._generation = generation
        self._entries, self._requests, self._errors, self._time = before
        self._last = b""

    def keep(self, line: bytes) -> bool:
        """Count a line, and keep none."""
        generation = generation_of(line)
        if generation == self._generation:
            self._requests += 1
            self._errors += status_of(line) >= 400
            self._last = line
        self._entries += generation is not None
        return False

    @property
    def tally(self) -> Tally:
        """All that was counted."""
        found = _TIME.match(self._last)
        last = float(found[1]) if found else self._time
        return Tally(self._entries, self._requests, self._errors, last)
