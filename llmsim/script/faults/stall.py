"""`stall`: the answer falls silent for a while, and then goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmsim.part import Part
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks, half
from llmsim.script.fields import Optional
from llmsim.script.rules import MOST_MS, a_duration_ms, require

_DEFAULT_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(AfterChunks):
    """`ms` milliseconds of silence; in a plain answer they come behind half of the body."""

    ms: float = _DEFAULT_MS

    def __post_init__(self) -> None:
        AfterChunks.__post_init__(self)
        require("ms", a_duration_ms(self.ms))

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        before, behind = self.cut(frames)
        yield from before
        yield behind[0]._replace(pause=self.ms / 1000)
        yield from behind[1:]

    def whole(self, body: bytes) -> Iterator[Part]:
        """See `Fault.whole`."""
        before = half(body)
        yield Part(before)
        yield Part(body[len(before) :], pause=self.ms / 1000)


class StallSchema(FaultSchema):
    """The answer falls silent for a while, and then goes on."""

    makes = Stall
    after_chunks = after_chunks()
    ms = Optional(
        a_duration_ms,
        {"type": "number", "minimum": 0, "maximum": MOST_MS},
        "How long, in milliseconds.",
        load_default=_DEFAULT_MS,
    )
