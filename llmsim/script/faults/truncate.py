"""`truncate`: the answer ends too early, and cleanly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmsim.part import CLOSE, Part
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks, half


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(AfterChunks):
    """A stream ends without its end events; `after_chunks` is all of them where it is None.

    A plain answer has half of its body, and the connection is closed.
    """

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterable[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        if self.after_chunks is not None:
            return self.cut(frames)[0]
        found = list(frames)
        ends = (at + 1 for at, frame in enumerate(found) if frame.content)
        return found[: max(ends, default=len(found) - 1)]

    def whole(self, body: bytes) -> Iterator[Part]:
        """See `Fault.whole`."""
        yield Part(half(body), then=CLOSE)


class TruncateSchema(FaultSchema):
    """The answer ends too early, and cleanly."""

    makes = Truncate
    after_chunks = after_chunks("all of them, and only the end events are missing")
