"""The numbers of one process, in memory that others can read: a file, or none.

The layout is that of prometheus-client's multiprocess mode (`prometheus_client.mmap_dict`):

    0  how much of the file is used, a 4 byte integer; 4 bytes of padding
    8  entries: the length of the key, a 4 byte integer; the key, padded with 1 to 8 spaces to a
       multiple of 8 with that; the value and its time, two doubles

What differs is the writing. The library's own takes 10 us for what is counted of a plain answer;
numbers at known places take 1. The file has its whole size from the start: to write into a sparse
one kills the process where the disk is full. And the library is imported where somebody asks for
its text alone: it brings an HTTP server with it, for 50 ms of each start and stop.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Mapping
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

from llmsim.json_text import compact, parse
from llmsim.metrics.catalog import Metric

SIZE: Final = 2**20  # bytes

_LENGTH: Final = struct.Struct("i")
_PAIR: Final = struct.Struct("dd")
_HEADER: Final = 8
_BLOCK: Final = 64 * 1024
_NUMBER: Final = 8
_KEYS: Final = 16_384  # that are kept parsed

Numbers = Mapping[str, tuple[float, float]]
"""By key: a value and its time, in Unix seconds; 0 where the time says nothing."""


class Part(NamedTuple):
    """What a key says: whose number it is, and which one of it."""

    metric: str
    sample: str
    labels: Mapping[str, str]


def key_of(metric: Metric, values: tuple[str, ...] = (), sample: str = "") -> str:
    """The key of a metric's number with these label values; `sample` is which one of several."""
    labels = dict(sorted(zip(metric.labels, values, strict=True)))
    return compact([metric.name, sample, labels, ""])


@lru_cache(_KEYS)
def part_of(key: str) -> Part:
    """What a key says."""
    metric, sample, labels, _ = parse(key.encode())
    return Part(metric, sample, labels)


def read(path: Path) -> dict[str, tuple[float, float]]:
    """The numbers in a file, whose process may be writing to it.

    Raises:
        FileNotFoundError: it is gone.
    """
    with path.open("rb") as file:
        data = file.read(_BLOCK)
        (used,) = _LENGTH.unpack_from(data)
        data += file.read(max(used - len(data), 0))
    found: dict[str, tuple[float, float]] = {}
    at = _HEADER
    while at < used:
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        key = data[at : at + length].decode()
        at += length + _padding(length)
        found[key] = _PAIR.unpack_from(data, at)
        at += _PAIR.size
    return found


def content(numbers: Numbers) -> bytes:
    """A file that holds these numbers."""
    entries = b"".join(_entry(key, *pair) for key, pair in numbers.items())
    return struct.pack("i4x", _HEADER + len(entries)) + entries


def _entry(key: str, value: float = 0.0, at: float = 0.0) -> bytes:
    text = key.encode()
    padded = text + b" " * _padding(len(text))
    return _LENGTH.pack(len(text)) + padded + _PAIR.pack(value, at)


def _padding(length: int) -> int:
    """How many spaces follow a key of so many bytes."""
    return 8 - (length + _LENGTH.size) % 8


class NumberFile:
    """Numbers that this process counts, each at a place of its own.

    `numbers[place]` is a value, `numbers[place + 1]` its time. Without a file they are in memory
    alone. The file stays open, and with it any lock on it.

    Raises:
        OSError: there is no room for them.
    """

    def __init__(self, file: FileIO | None = None) -> None:
        if file is not None:
            os.posix_fallocate(file.fileno(), 0, SIZE)
        self._file = file
        self._memory = mmap.mmap(-1 if file is None else file.fileno(), SIZE)
        self.numbers = memoryview(self._memory).cast("d")
        self._places: dict[str, int] = {}
        self._used = _HEADER
        self._say_used()

    def place(self, key: str, value: float = 0.0) -> int:
        """Where the number of that key is; a new one begins with that value. Never 0.

        Where there is no room for more, it is at a place that nobody reads.
        """
        found = self._places.get(key)
        if found is not None:
            return found
        entry = _entry(key, value)
        end = self._used + len(entry)
        if end > SIZE - 2 * _NUMBER:
            return SIZE // _NUMBER - 2
        # The entry first: a reader looks no further than what is said to be used.
        self._memory[self._used : end] = entry
        self._used = end
        self._say_used()
        self._places[key] = place = end // _NUMBER - 2
        return place

    def read(self) -> dict[str, tuple[float, float]]:
        """All numbers."""
        numbers = self.numbers
        return {key: (numbers[at], numbers[at + 1]) for key, at in [*self._places.items()]}

    def _say_used(self) -> None:
        self._memory[:4] = struct.pack("i", self._used)
