"""What is to be said once, by whichever worker comes first: a log is read by people."""

from __future__ import annotations

import mmap
from hashlib import blake2b

# A byte for each thing that was said, found by its hash. Memory is bounded; two things that share
# a byte are said once together.
_BYTES = 2**20

_said: mmap.mmap | None = None


def prepare() -> None:
    """Make the memory: whatever process is forked from this one shares it."""
    global _said  # noqa: PLW0603 - one memory for all workers
    _said = mmap.mmap(-1, _BYTES)


def first_time(*words: object) -> bool:
    """Whether no process of this server has asked for these words before."""
    if _said is None:
        prepare()
    assert _said is not None  # noqa: S101 - made just now
    digest = blake2b(repr(words).encode("utf-8", "backslashreplace"), digest_size=8).digest()
    place = int.from_bytes(digest, "little") % _BYTES
    if _said[place]:
        return False
    _said[place] = 1
    return True
