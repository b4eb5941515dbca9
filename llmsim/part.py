"""`Part`: what an answer's body is made of where it matters how it leaves."""

from __future__ import annotations

from typing import Final, NamedTuple

CLOSE: Final = "close"
RESET: Final = "reset"


class Part(NamedTuple):
    """A part of a body, in the order of its bytes.

    `content` says that the model has made a piece of text for it, which takes time: the events of
    a stream that open and close it take none. `pause` is a silence before it, in seconds.
    `then` is empty, or says what becomes of the connection behind it: `CLOSE` ends it, `RESET`
    resets it. Nothing follows such a part. `gate` says that the gate of the turn stands before it.
    """

    data: bytes
    content: bool = False
    pause: float = 0
    then: str = ""
    gate: bool = False
