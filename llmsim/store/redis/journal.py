"""The journals: a stream of lines for each session."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from llmsim.errors import StoreError, StoreUnreachableError
from llmsim.store.base import KeepLine, Page
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.values import hexed
from llmsim.store.redis.verbs import AMEND, APPEND, PAGE

_PAGE_BYTES = 8 * 2**20  # what one page looks at


class Receipt(NamedTuple):
    """Which line of which session; no two have the same id."""

    session: str
    id: int


class Journal:
    """The journals of all sessions; at most `limit` bytes."""

    def __init__(self, pipeline: Pipeline, limit: int) -> None:
        self._pipeline = pipeline
        # The last quarter is for lines without bodies, so that a long test keeps its journal's
        # tail.
        self._limits = {False: limit - limit // 4, True: limit}

    def append(self, session: str, generation: int, entry: bytes, spare: bool) -> Receipt | None:
        """See `Store.append`."""
        what = (session, hexed(generation), entry, self._limits[spare], int(spare))
        try:
            found = self._pipeline.run(APPEND, *what)
        except StoreUnreachableError:
            raise
        except StoreError:
            return None
        return None if found is None else Receipt(session, found)

    def amend(self, receipt: Receipt, ending: bytes) -> None:
        """See `Store.amend`."""
        with suppress(StoreError):
            self._pipeline.run(AMEND, receipt.session, receipt.id, ending)

    def page(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """See `Store.entries`. A mark is the id of a line."""
        entries: list[bytes] = []
        looked = 0
        while len(entries) < limit and looked < _PAGE_BYTES:
            found = self._pipeline.run(PAGE, session, mark)
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
