"""The room that the journals of one host may take together.

Three quarters of it are for whole entries. The last one is for entries without bodies, so that a
long test ends with the tail of its journal and not without.

It is counted in the cursor table, which every worker shares, and taken in blocks, so that few
entries wait for its lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from llmsim.errors import StoreError
from llmsim.store.locked_table import LockedTable

_BLOCK_BYTES = 64 * 1024
_RECOUNT_SECONDS = 60


class JournalRoom:
    """Room for `limit` bytes; `measure` says how many the journals take in truth."""

    def __init__(self, table: LockedTable, limit: int, measure: Callable[[], int]) -> None:
        self._table = table
        self._limits = {False: limit - limit // 4, True: limit}
        self._measure = measure
        self._recounted = 0.0
        # Bytes that this process has taken and not used.
        self._taken = {False: 0, True: 0}

    def take(self, size: int, *, spare: bool) -> bool:
        """Take `size` bytes; with `spare`, also of the last quarter. False where they are not left.

        Raises:
            StoreError: the state is gone.
        """
        if self._taken[spare] < size and not self._take_block(size, spare):
            return False
        self._taken[spare] -= size
        return True

    def give_back(self, size: int, *, dropped: int = 0) -> None:
        """Count `size` bytes out again, and so many entries as dropped."""
        if not size and not dropped:
            return
        with suppress(StoreError), self._table.locked() as table:
            table.uncount_entries(size, dropped)

    def _take_block(self, size: int, spare: bool) -> bool:
        with self._table.locked() as table:
            for block in (max(size, _BLOCK_BYTES), size):
                if table.count_entry(block, self._limits[spare]):
                    self._taken[spare] += block
                    return True
        self._recount()
        return False

    def _recount(self) -> None:
        """What a killed process had taken is still counted.

        Before long, look at the files themselves.
        """
        if time.monotonic() - self._recounted > _RECOUNT_SECONDS:
            self._recounted = time.monotonic()
            size = self._measure()
            with self._table.locked() as table:
                table.journal_size = size
