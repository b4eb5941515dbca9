"""`disconnect`: the connection is reset in the middle of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from llmsim.part import RESET, Part
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks, half


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(AfterChunks):
    """The connection is reset; a plain answer has half of its body by then."""

    leaves_trace: ClassVar[bool] = False

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        before, _ = self.cut(frames)
        yield from before
        yield Part(b"", then=RESET)

    def whole(self, body: bytes) -> Iterator[Part]:
        """See `Fault.whole`."""
        yield Part(half(body), then=RESET)


class DisconnectSchema(FaultSchema):
    """The connection is reset in the middle of the answer."""

    makes = Disconnect
    after_chunks = after_chunks()
