"""Which part of an answer waits at its gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmsim.part import Part


def gated(parts: Iterable[Part], after_chunks: int | None) -> Iterator[Part]:
    """The parts, and before which one the gate stands.

    Before all of them; else behind so many parts with content. Behind none, what opens a stream
    still leaves at once.
    """
    left = after_chunks
    waits = left is None
    for part in parts:
        if left == 0 and part.content:
            waits, left = True, None
        yield part._replace(gate=True) if waits else part
        waits = False
        if left and part.content:
            left -= 1
            waits, left = (True, None) if left == 0 else (False, left)
