"""Reading a session's journal."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from llmsim.errors import RequestError
from llmsim.journal.joined import Joined
from llmsim.journal.line import generation_of, head_of, shown
from llmsim.json_text import parse
from llmsim.made_ids import generation_mark
from llmsim.store.base import BEGINS, Store

_AT_ONCE = 1000
_PAGE_BYTES = 8 * 2**20  # what a page holds at most, beyond its last entry
_MARK = re.compile(r"([0-9a-f]{16})-([0-9]{1,18})")


class Mark(NamedTuple):
    """A place in a session's journal, by which to ask for what comes after it.

    A journal goes on over generations or begins anew, so a place is one of a generation's.
    """

    generation: str = ""
    place: int = 0

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark that `str` wrote; `0` is the start.

        Raises:
            RequestError: it is none.
        """
        if text == "0":
            return cls()
        found = _MARK.fullmatch(text)
        if found is None:
            message = f"since: {text[:80]!r} is no mark; send the `next` of a page, or 0."
            raise RequestError(message, code="invalid_fields")
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.generation}-{self.place}" if self.generation else "0"


@dataclass(frozen=True, slots=True)
class Entries:
    """Lines of JSON: those of a generation, and the stale ones.

    Stale are requests of an earlier generation that ended when this one had begun. `mark` asks for
    what comes after these; `rewound` says that the mark that was given was of another generation,
    and that these are the first.
    """

    current: Sequence[bytes]
    stale: Sequence[bytes]
    mark: Mark
    rewound: bool


@dataclass(slots=True)
class _Sieve:
    """Sorts the lines of a journal for a reader of one generation."""

    session: str
    generation: str
    has_begun: bool
    wants_stale: bool
    only: Mapping[str, Any]
    joined: Joined
    current: list[bytes] = field(default_factory=list)
    stale: list[bytes] = field(default_factory=list)
    size: int = 0

    @property
    def count(self) -> int:
        """How many lines were kept."""
        return len(self.current) + len(self.stale)

    def keep(self, line: bytes) -> bool:
        """Whether the reader gets the line."""
        generation = generation_of(line)
        if generation == self.generation:
            self.has_begun = True
            return self._kept(line, self.current)
        if generation is None:
            self.has_begun = self.has_begun or line == BEGINS % int(self.generation, 16)
            return False
        return self.has_begun and self.wants_stale and self._kept(line, self.stale)

    def pass_over(self, line: bytes) -> bool:
        """Take note of a line before those that the reader wants: conversations begin there."""
        if generation_of(line) == self.generation and (head := head_of(line)) is not None:
            self.joined.name(head)
        return False

    def _kept(self, line: bytes, lines: list[bytes]) -> bool:
        entry = shown(line, self.session)
        if entry is None or not self._is_wanted(entry):
            return False
        lines.append(entry)
        self.size += len(entry)
        return True

    def _is_wanted(self, entry: bytes) -> bool:
        if not self.only:
            return True
        facts = parse(entry)
        if "conversation" in self.only:
            facts["conversation"] = self.joined.name(facts)
        return all(facts.get(name) == value for name, value in self.only.items())


class Reader:
    """Reads one session's journal: the entries of its generation, as it is at each call.

    Or those of an earlier `generation` that the journal still holds. With `only`, those whose
    fields have these values; a conversation is that of `Joined`.
    """

    def __init__(
        self,
        store: Store,
        session: str,
        generation: str | None = None,
        only: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._session = session
        self._generation = generation
        self._only = only
        # Conversations as far as they were read, of the generation that was read last.
        self._known = "", 0, Joined("")

    def read(self, mark: Mark, limit: int) -> Entries:
        """At most `limit` entries from `mark` on; none where there is no such session."""
        found = self._store.session(self._session)
        current = generation_mark(found.generation) if found else ""
        wanted = self._generation or current
        if not wanted:
            return Entries([], [], Mark(), bool(mark.generation))
        goes_on = mark.generation == wanted
        place = mark.place if goes_on else 0
        generation, known_to, joined = self._known
        if generation != wanted or known_to > place:
            known_to, joined = 0, Joined(wanted)
        sieve = _Sieve(self._session, wanted, goes_on, wanted == current, self._only, joined)
        if "conversation" in self._only:
            self._pass_over(sieve, known_to, place)
        place = self._sift(sieve, place, limit)
        self._known = wanted, place, joined
        rewound = bool(mark.generation) and not goes_on
        return Entries(sieve.current, sieve.stale, Mark(wanted, place), rewound)

    def wait(self, mark: Mark, count: int, seconds: float) -> bool:
        """Wait until there are `count` entries after `mark`.

        The session need not be there yet. False where `seconds` were not enough.
        """
        deadline = time.monotonic() + seconds
        found = 0
        while True:
            entries = self.read(mark, _AT_ONCE)
            found = len(entries.current) + (0 if entries.rewound else found)
            mark = entries.mark
            if found >= count:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if not entries.current:
                self._store.wait(self._session, mark.place, left)

    def every(self) -> Iterator[bytes]:
        """All entries of a generation, a bounded number in memory at a time."""
        mark = Mark()
        while True:
            entries = self.read(mark, _AT_ONCE)
            if entries.rewound or entries.mark == mark:
                return
            yield from entries.current
            mark = entries.mark

    def _pass_over(self, sieve: _Sieve, place: int, end: int) -> None:
        """Read from `place` up to `end`, or a little further."""
        while place < end:
            following = self._store.entries(self._session, place, 1, sieve.pass_over).mark
            if following == place:
                break
            place = following
            time.sleep(0)

    def _sift(self, sieve: _Sieve, place: int, limit: int) -> int:
        """Read until the sieve holds enough; where to go on."""
        while sieve.count < limit and sieve.size < _PAGE_BYTES:
            wanted = limit - sieve.count
            following = self._store.entries(self._session, place, wanted, sieve.keep).mark
            if following == place:
                break
            place = following
            time.sleep(0)  # over a long journal, others get their turn
        return place
