"""Counts that are remembered: agents send their whole history with each request."""

from __future__ import annotations

import sys


class Counts:
    """Counts by text, bounded in texts and in bytes.

    The key is the text itself: to look for a text of 40 KB takes 8 us, where a digest of it would
    take 44. Texts come in two halves. When the younger half is full the older one goes, and what is
    asked for again moves to the younger: so what is in use stays, and a hit costs one look-up.
    """

    def __init__(self, most_texts: int = 8192, most_bytes: int = 32 * 2**20) -> None:
        self._half_texts = most_texts // 2
        self._half_bytes = most_bytes // 2
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._young_bytes = 0

    def get(self, text: str) -> int | None:
        """The count of `text`, if it is remembered."""
        found = self._young.get(text)
        if found is None and (found := self._old.get(text)) is not None:
            self.put(text, found)
        return found

    def put(self, text: str, count: int) -> int:
        """Remember a count, and return it. A text larger than a half is not remembered."""
        size = sys.getsizeof(text)
        if size > self._half_bytes:
            return count
        if len(self._young) >= self._half_texts or self._young_bytes + size > self._half_bytes:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        self._young[text] = count
        self._young_bytes += size
        return count
