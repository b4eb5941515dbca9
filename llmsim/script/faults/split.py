"""`split`: the bytes are cut where a careless reader does not expect it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from llmsim.part import Part
from llmsim.script.faults.fault import ErrorFrame, Fault, FaultSchema, half

_PAUSE = 0.005
# Behind the first byte of a character that has several, in the word `data`, in a blank line.
_CUT = re.compile(rb"(?<=[\xc2-\xf4])|(?<=^da)|(?<=\nda)|(?<=\n)(?=\n)")


@dataclass(frozen=True, slots=True)
class Split(Fault):
    """Pieces that are cut inside of UTF-8 characters and of SSE lines, one write each, 5 ms apart.

    The JSON is not escaped: there are characters of several bytes in it.
    """

    is_raw: ClassVar[bool] = True

    def streamed(self, frames: Iterable[Part], error: ErrorFrame) -> Iterator[Part]:  # noqa: ARG002
        """See `Fault.streamed`."""
        for frame in frames:
            first, *rest = _CUT.split(frame.data)
            yield frame._replace(data=first, pause=_PAUSE)
            for piece in rest:
                yield Part(piece, pause=_PAUSE)

    def whole(self, body: bytes) -> Iterator[Part]:
        """See `Fault.whole`."""
        first = half(body)
        for piece in (*_CUT.split(first), *_CUT.split(body[len(first) :])):
            yield Part(piece, pause=_PAUSE)


class SplitSchema(FaultSchema):
    """The bytes are cut inside of UTF-8 characters and of SSE lines, 5 ms apart."""

    makes = Split
