"""`Leaving`: the body of an answer in writes, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmsim.delivery.gated import gated
from llmsim.part import Part
from llmsim.script.gate import Gate
from llmsim.sse import MAX_WRITE


class Write(NamedTuple):
    """What leaves in one go, `at` so many seconds after the request came.

    `content`, `then` and `gate` as in `Part`.
    """

    at: float
    data: bytes
    content: bool = False
    then: str = ""
    gate: bool = False


class Leaving:
    """An answer's body, and the name of the fault that befalls it, None for none.

    `waits` are the times from each part with content to the next; None for none. `gate` is where a
    part of it waits to be released.
    """

    def __init__(
        self,
        parts: Iterable[Part],
        waits: Iterator[float] | None,
        fault: str | None,
        gate: Gate | None = None,
    ) -> None:
        self.fault = fault
        self.gate = gate
        self.is_paced = waits is not None
        self._parts = parts if gate is None else gated(parts, gate.after_chunks)
        self._waits = waits

    def __iter__(self) -> Iterator[bytes]:
        """The same without waiting."""
        return (write.data for write in self.writes() if write.data)

    def writes(self) -> Iterator[Write]:
        """The writes, once. Parts between which no time passes are joined."""
        at, held, size, content, gate = 0.0, list[bytes](), 0, False, False
        waits = self._waits
        for part in self._parts:
            later = part.pause
            if waits is not None and part.content:
                later += next(waits)
            if held and (later or part.gate or size + len(part.data) > MAX_WRITE):
                yield Write(at, b"".join(held), content, gate=gate)
                held, size, content, gate = [], 0, False, False
            at += later
            held.append(part.data)
            size += len(part.data)
            content, gate = content or part.content, gate or part.gate
            if part.then:
                yield Write(at, b"".join(held), content, part.then, gate)
                return
        if held:
            yield Write(at, b"".join(held), content, gate=gate)
