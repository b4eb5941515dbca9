"""The scripts of one host: a file each, named by its key, written once and never changed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from mmap import ACCESS_READ, mmap
from pathlib import Path

from llmsim.errors import StateLostError
from llmsim.store.base import REFERENCE, Blob
from llmsim.store.state_dir import open_private, write_new
from llmsim.store.table_layout import new_key

# From this size on a script is not read: 64 MB take 30 ms, in which a worker does nothing else.
_MAPPED_BYTES = 2**20


_SHARED = 2**63  # in the key of a reference


def _shared_key(script: Blob) -> int:
    return int.from_bytes(blake2b(script, digest_size=8).digest()) | _SHARED


class ScriptFiles:
    """The script files in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, script: Blob) -> int:
        """Keep a script and return its key.

        Raises:
            StateLostError: it cannot be written.
        """
        is_reference = script[: len(REFERENCE)] == REFERENCE
        key = _shared_key(script) if is_reference else new_key() & ~_SHARED or 1
        try:
            if not (is_reference and self._path(key).exists()):
                write_new(self._path(key), script)
        except OSError as error:
            if is_reference and self._path(key).exists():  # others have written it meanwhile
                return key
            raise StateLostError(
                f"The script cannot be written into the state directory {self._directory}: "
                f"{error.strerror}."
            ) from error
        return key

    def read(self, key: int) -> Blob:
        """The script of that key.

        Raises:
            StateLostError: it is gone.
        """
        try:
            with open_private(self._path(key), os.O_RDONLY) as file:
                if os.fstat(file.fileno()).st_size < _MAPPED_BYTES:
                    return file.read()
                return mmap(file.fileno(), 0, access=ACCESS_READ)
        except OSError as error:
            raise StateLostError(
                f"The script that plays is gone from the state directory {self._directory} "
                f"({error.strerror}): restore the directory from a copy, or name another one."
            ) from error

    def delete(self, keys: Iterable[int]) -> None:
        """Forget scripts; those that are not there are passed over, and those that many share."""
        for key in keys:
            if key & _SHARED:
                continue
            with suppress(OSError):
                self._path(key).unlink()

    def keep_only(self, keys: Iterable[int]) -> None:
        """Delete all other scripts, and what killed processes left half written.

        Only while no other process writes here.
        """
        kept = {self._path(key) for key in keys}
        for path in [*self._directory.glob("script-*.json"), *self._directory.glob("*.part")]:
            if path not in kept:
                with suppress(OSError):
                    path.unlink()

    def _path(self, key: int) -> Path:
        return self._directory / f"script-{key:016x}.json"
