"""Bodies that are read once.

A load test sends the same few bodies again and again, and a client that tries again sends its body
again. What was read in one is remembered, and serves for the same bytes. Bodies that come once
cost no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from xxhash import xxh3_64_intdigest

from llmsim.apis.protocol import NOTHING, Earlier, Violation
from llmsim.apis.renderer import Renderer
from llmsim.conversation import Request
from llmsim.journal.entry import JsonBody
from llmsim.serving.body import as_object

# What a worker remembers at most: what was read in a body takes several times its bytes.
MOST_BODIES: Final = 1024
MOST_BYTES: Final = 2 * 2**20
# Requests without one that is remembered: then what is remembered makes room for others. Sooner,
# bodies that are more than there is room for would push each other out before they come again.
MOST_MISSED: Final = 1024

# Of bodies that came once only this is kept, a number each.
_MOST_SEEN: Final = 16_384

Key = tuple[str, int]


class Reading:
    """What a body says to an API. Requests share it, at the same time too: nobody changes it.

    Raises:
        RequestError: it is no object, or a field is missing or wrong.
    """

    def __init__(self, renderer: Renderer, body: JsonBody) -> None:
        self.body = body
        self.fields: dict[str, Any] = as_object(body.value)
        self.call = renderer.read(self.fields)
        self._renderer = renderer
        self._is_sound = False

    def violations(self, request: Request, earlier: Earlier) -> Sequence[Violation]:
        """See `Renderer.violations`."""
        if self._is_sound:
            return NOTHING
        found = self._renderer.violations(request, earlier)
        self._is_sound = found is NOTHING
        return found


class Readings:
    """The readings of this process, by API and body."""

    def __init__(self) -> None:
        self._known: dict[Key, Reading] = {}
        self._seen: set[Key] = set()
        self.bytes = 0
        self._missed = 0

    def __iter__(self) -> Iterator[Reading]:
        return iter([*self._known.values()])

    def find(self, key: Key, body: bytes) -> Reading | None:
        """What was read in these bytes, if it is remembered; `key` is that of `key_of`."""
        known = self._known.get(key)
        if known is None or known.body.bytes != body:
            return None
        self._missed = 0
        return known

    def note(self, key: Key, reading: Reading) -> None:
        """A body was read; from the second time on it is remembered, if there is room."""
        self._missed += 1
        size = len(reading.body.bytes)
        if key not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(key)
        elif self._has_room(size):
            self._known[key] = reading
            self.bytes += size

    def _has_room(self, size: int) -> bool:
        if len(self._known) < MOST_BODIES and self.bytes + size <= MOST_BYTES:
            return True
        if size > MOST_BYTES or self._missed < MOST_MISSED:
            return False
        self._known.clear()
        self.bytes = 0
        return True


def key_of(renderer: Renderer, body: bytes) -> Key:
    """By what a body sent to an API is found. Others may have the same."""
    return renderer.name, xxh3_64_intdigest(body)
