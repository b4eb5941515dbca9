"""What every fault has: the contract of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from llmsim.part import Part
from llmsim.reply import Failure, Reply
from llmsim.script.fields import Checked, PartSchema, count
from llmsim.script.rules import a_count, optional, require

ErrorFrame = Callable[[int], bytes]
"""The API's own error event as a frame of a stream in which so many frames stand before it."""


class Fault:
    """What goes wrong with an answer: a frozen dataclass without state.

    `leaves_trace` says whether clients put the answer into their history. `is_raw` asks for JSON in
    which nothing is escaped that need not be.
    """

    __slots__ = ()

    leaves_trace: ClassVar[bool] = True
    is_raw: ClassVar[bool] = False

    def outcome(self, played: Reply | Failure, *, stream: bool) -> Reply | Failure:  # noqa: ARG002
        """What the turn answers, where `played` is what it would have answered."""
        return played

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterable[Part]:  # noqa: ARG002
        """The parts of a stream that has these frames."""
        return frames

    def whole(self, body: bytes) -> Iterator[Part]:
        """The parts of a plain answer that has this body."""
        yield Part(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterChunks(Fault):
    """A fault at a place in the stream.

    A chunk is an event with content. `after_chunks` is how many of them stand before the place;
    None for half of them.
    """

    after_chunks: int | None = None

    def __post_init__(self) -> None:
        require("after_chunks", optional(a_count)(self.after_chunks))

    def cut(self, frames: Iterable[Part]) -> tuple[Sequence[Part], Sequence[Part]]:
        """The frames before and behind the place. The one that ends a stream is never before it."""
        found = list(frames)
        chunks = [at for at, frame in enumerate(found) if frame.content]
        after = len(chunks) // 2 if self.after_chunks is None else self.after_chunks
        if after >= len(chunks):
            place = chunks[-1] + 1 if chunks else len(found) - 1
        else:
            place = chunks[after - 1] + 1 if after else chunks[0]
        return found[:place], found[place:]


class FaultSchema(PartSchema):
    """The keys of every fault."""

    discriminators = ("kind",)


def after_chunks(default: str = "half of them") -> Checked:
    """The key `after_chunks`; `default` says what is meant where it is absent."""
    return count(
        f"How many chunks with content stand before the fault in a stream; where absent, {default}."
    )


def half(body: bytes) -> bytes:
    """The first half of a body."""
    return body[: len(body) // 2]
