"""Files that belong to one session, and what it was made with: its options."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from llmsim.errors import StateLostError
from llmsim.store.state_dir import open_private


def file_of(directory: Path, kind: str, session: str, ending: str) -> str:
    """The path of a session's file of that kind."""
    # By a hash: some file systems do not tell `a` from `A`.
    digest = blake2b(session.encode(), digest_size=12).hexdigest()
    return f"{directory}/{kind}-{digest}.{ending}"


class OptionFiles:
    """The options of the sessions that have some: a small file each, in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, session: str, options: bytes) -> None:
        """Keep a session's options, in the place of any that it had.

        Raises:
            StateLostError: they cannot be written.
        """
        try:
            with open_private(self._path(session), os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
                file.write(options)
        except OSError as error:
            raise StateLostError(
                f"The session's options cannot be written into the state directory "
                f"{self._directory}: {error.strerror}."
            ) from error

    def read(self, session: str) -> bytes:
        """A session's options; nothing where it has none."""
        with suppress(OSError), open_private(self._path(session), os.O_RDONLY) as file:
            return file.read()
        return b""

    def delete(self, session: str) -> None:
        """Forget a session's options."""
        with suppress(OSError):
            os.unlink(self._path(session))

    def _path(self, session: str) -> str:
        return file_of(self._directory, "options", session, "json")
