"""`stream_error`: the API's own error event in the middle of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from llmsim.part import Part
from llmsim.reply import STREAM_FAILURE, Failure, Reply
from llmsim.script.faults.fault import AfterChunks, ErrorFrame, FaultSchema, after_chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamError(AfterChunks):
    """An error event ends the stream. A plain answer is that error, with its HTTP status."""

    leaves_trace: ClassVar[bool] = False

    def outcome(self, played: Reply | Failure, *, stream: bool) -> Reply | Failure:
        """See `Fault.outcome`."""
        return played if stream else STREAM_FAILURE

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:
        """See `Fault.streamed`."""
        before, _ = self.cut(frames)
        yield from before
        yield Part(error(len(before)))


class StreamErrorSchema(FaultSchema):
    """The API's own error event ends the stream."""

    makes = StreamError
    after_chunks = after_chunks()
