"""`malformed`: JSON that is broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from llmsim.part import Part
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks

_BLANK_LINE = b"\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed(AfterChunks):
    """A chunk is no JSON, and ends the stream. A plain body is no JSON."""

    leaves_trace: ClassVar[bool] = False

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        before, behind = self.cut(frames)
        yield from before
        broken = behind[0]
        # Without the brace that closes its object.
        yield broken._replace(data=broken.data[: -len(_BLANK_LINE) - 1] + _BLANK_LINE)

    def whole(self, body: bytes) -> Iterator[Part]:
        """See `Fault.whole`."""
        yield Part(body[:-1] + b",")


class MalformedSchema(FaultSchema):
    """A chunk of the stream, or a plain body, is no JSON."""

    makes = Malformed
    after_chunks = after_chunks()
