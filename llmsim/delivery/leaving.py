"""`Leaving`: the body of an answer in writes, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmsim.part import Part
from llmsim.sse import MAX_WRITE


class Write(NamedTuple):
    """What leaves in one go, `at` so many seconds after the request came.

    `content` and `then` as in `Part`.
    """

    at: float
    data: bytes
    content: bool = False
    then: str = ""


class Leaving(Iterable[bytes]):
    """An answer's body, and the name of the fault that befalls it, None for none.

    `waits` are the times from each part with content to the next; None for none.
    """

    def __init__(
        self, parts: Iterable[Part], waits: Iterator[float] | None, fault: str | None
    ) -> None:
        self.fault = fault
        self._parts = parts
        self._waits = waits

    def __iter__(self) -> Iterator[bytes]:
        """The same without waiting."""
        return (write.data for write in self.writes() if write.data)

    def writes(self) -> Iterator[Write]:
        """The writes, once. Parts between which no time passes are joined."""
        at, held, size, content = 0.0, list[bytes](), 0, False
        waits = self._waits
        for part in self._parts:
            later = part.pause
            if waits is not None and part.content:
                later += next(waits)
            if held and (later or size + len(part.data) > MAX_WRITE):
                yield Write(at, b"".join(held), content)
                held, size, content = [], 0, False
            at += later
            held.append(part.data)
            size += len(part.data)
            content = content or part.content
            if part.then:
                yield Write(at, b"".join(held), content, part.then)
                return
        if held:
            yield Write(at, b"".join(held), content)
