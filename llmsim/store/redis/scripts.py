"""The scripts: each is kept once, under a key that is made of what it says."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hashlib import blake2b
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import Any

from llmsim.errors import StateLostError
from llmsim.store.base import Blob
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.values import hexed
from llmsim.store.redis.verbs import STAGE

# Sent and read at once: other requests of the worker wait for it.
_PIECE = 2**20
_UNFINISHED_SECONDS = 600
_STAGINGS = 3
_GONE = 0


def key_of(script: Blob) -> int:
    """The key of a script, which is not 0."""
    return int.from_bytes(blake2b(script, digest_size=8).digest()) or 1


class Scripts:
    """All scripts that are kept."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def have(self, script: Blob, play: Callable[[bytes], Any]) -> tuple[int, Any]:
        """The key of the script, and what `play` gives for it.

        The script may be gone again by then: whoever else played it has just stopped. `play` says
        so by 0.
        """
        for _ in range(_STAGINGS):
            key = self.stage(script)
            found = play(hexed(key))
            if found != _GONE:
                return key, found
        raise StateLostError("The script is deleted from Redis as fast as it is written.")

    def stage(self, script: Blob) -> int:
        """Have the script there, for ten minutes or for as long as it is played; its key.

        Raises:
            StoreError: it cannot be written.
        """
        key, pipeline = key_of(script), self._pipeline
        if len(script) <= _PIECE:
            pipeline.run(STAGE, hexed(key), bytes(script))
            return key
        part = pipeline.base + b"part:" + secrets.token_hex(8).encode()
        for start in range(0, len(script), _PIECE):
            pipeline.call("APPEND", part, bytes(script[start : start + _PIECE]))
            pipeline.call("EXPIRE", part, _UNFINISHED_SECONDS)
            time.sleep(0.0001)  # not 0: gevent then may not look for what others wait for
        pipeline.run(STAGE, hexed(key), b"", part)
        return key

    def read(self, key: int) -> Blob:
        """The script of that key; a large one as a file that is read where it is needed.

        Raises:
            StateLostError: it is gone.
        """
        pipeline = self._pipeline
        name = pipeline.base + b"script:" + hexed(key)
        first: bytes = pipeline.call("GETRANGE", name, 0, _PIECE - 1)
        if not first:
            raise StateLostError("The script that plays is gone from Redis.")
        if len(first) < _PIECE:
            return first
        with TemporaryFile(prefix="llmsim-") as file:
            piece = first
            while piece:
                file.write(piece)
                start = file.tell()
                piece = pipeline.call("GETRANGE", name, start, start + _PIECE - 1)
            file.flush()
            content = mmap(file.fileno(), 0, access=ACCESS_READ)
        if key_of(content) != key:
            raise StateLostError("The script that plays was deleted from Redis as it was read.")
        return content
