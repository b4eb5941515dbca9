"""Splits a stream's bytes into frames, strictly, and with no help from the code under test."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_FRAME = re.compile(rb"(?:event: ([a-z_.]+)\n)?data: ([\x20-\x7e]+)")


class Frame(NamedTuple):
    """`name` is the `event:` line, if any; `data` the text after `data: `."""

    name: str | None
    data: str

    @property
    def value(self) -> Any:
        return json.loads(self.data)


def frames(stream: bytes) -> list[Frame]:
    """The frames of `stream`.

    Anything but one `data:` line with at most one `event:` line before it is an error.
    """
    *bodies, rest = stream.split(b"\n\n")
    assert rest == b"", "the stream does not end with a blank line"
    matches = [_FRAME.fullmatch(body) for body in bodies]
    assert all(matches), f"not a frame: {bodies[matches.index(None)]!r}"
    return [
        Frame(match[1].decode() if match[1] else None, match[2].decode())
        for match in matches
        if match
    ]


def json_frames(stream: bytes) -> list[Any]:
    """The parsed data of every frame but `[DONE]`."""
    return [frame.value for frame in frames(stream) if frame.data != "[DONE]"]
