"""`duplicate`: a chunk comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmsim.part import Part
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(AfterChunks):
    """The chunk behind the place comes twice. In a plain answer nothing does."""

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        before, behind = self.cut(frames)
        yield from before
        yield behind[0]
        yield behind[0]._replace(content=False)
        yield from behind[1:]


class DuplicateSchema(FaultSchema):
    """A chunk of the stream comes twice."""

    makes = Duplicate
    after_chunks = after_chunks()
