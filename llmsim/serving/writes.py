"""Streams in writes: many frames in each, and none cut in two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmsim.sse import MAX_WRITE, Event


def joined(events: Iterable[Event], most: int = MAX_WRITE) -> Iterator[bytes]:
    """Frames joined into writes of at most so many bytes, or of one frame."""
    frames: list[bytes] = []
    size = 0
    for event in events:
        frame = event.frame()
        if size and size + len(frame) > most:
            yield b"".join(frames)
            frames, size = [], 0
        frames.append(frame)
        size += len(frame)
    yield b"".join(frames)


def parted(stream: bytes) -> Iterator[bytes]:
    """A whole stream in writes that end at a frame's end, if a frame fits into one."""
    start = 0
    while len(stream) - start > MAX_WRITE:
        end = stream.rfind(b"\n\n", start, start + MAX_WRITE) + 2
        if end < start + 2:
            end = stream.index(b"\n\n", start) + 2
        yield stream[start:end]
        start = end
    yield stream[start:]
