"""The journals: a stream of lines for each session."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.errors import StoreError
from llmsim.store.base import KeepLine, Page
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.scripts import hexed
from llmsim.store.redis.verbs import AMEND, APPEND, PAGE

_PAGE_BYTES = 8 * 2**20  # what one page looks at


class Receipt(NamedTuple):
    """Which line of which session; no two have the same id."""

    session: str
    id: int


class Journal:
    """The journals below the keys that begin with `base`; at most `limit` bytes."""

    def __init__(self, base: bytes, limit: int) -> None:
        self._base = base
        # The last quarter is for lines without bodies, so that a long test keeps its journal's
        # tail.
        self._limits = {False: limit - limit // 4, True: limit}

    def append(
        self, pipeline: Pipeline, session: str, generation: int, entry: bytes, spare: bool
    ) -> Receipt | None:
        """See `Store.append`."""
        what = (session, hexed(generation), entry, self._limits[spare], int(spare))
        try:
            found = pipeline.run(APPEND, self._base, *what)
        except StoreError:
            return None
        return None if found is None else Receipt(session, found)

    def amend(self, pipeline: Pipeline, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        pipeline.run(AMEND, self._base, receipt.session, receipt.id, ending)

    def page(self, pipeline: Pipeline, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is the id of a line."""
        entries: list[bytes] = []
        looked = 0
        while len(entries) < limit and looked < _PAGE_BYTES:
            found = pipeline.run(PAGE, self._base, session, mark)
            if not found:
                break
            for number in range(0, len(found), 2):
                if len(entries) == limit:
                    break
                mark, line = int(found[number]), found[number + 1]
                looked += len(line)
                if keep(line):
                    entries.append(line)
        return Page(entries, mark)
