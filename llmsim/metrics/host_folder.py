"""The folder in which the processes of one host keep their numbers.

    <pid>-<random>.live   the numbers of a process, which holds a lock on them for as long as it
                          lives
    ended                 what those have counted that are dead, and the names of their files, which
                          count no more
    folding               the lock of whoever adds dead ones to that

What the dead have counted is replaced in one step, and that says at once whose files are done with.
So nothing is lost or counted twice, wherever a process is killed and whoever reads meanwhile:
readers take no lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import lock_descriptor

from llmsim.errors import StateLostError
from llmsim.metrics.catalog import DONE, STARTED
from llmsim.metrics.number_file import NumberFile, Numbers, content, key_of, part_of, read
from llmsim.metrics.totals import Totals
from llmsim.store.state_dir import open_private

_LIVE: Final = ".live"
_ENDED: Final = "ended"
_FOLDING: Final = "folding"


class HostFolder:
    """Such a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, now: float) -> None:
        """Begin to count anew, at that Unix time.

        Raises:
            OSError: the folder cannot be made.
        """
        if self.path.is_symlink():  # rmtree refuses it, and Python 3.13 does not say why
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path))
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path)
        self.path.mkdir(mode=0o700)
        self._replace({key_of(STARTED): (now, 0.0)})

    def new_file(self) -> NumberFile:
        """The numbers of this process, which count for as long as it lives.

        Raises:
            OSError: there is no room for them.
        """
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        made = self.path / f"{name}.new"
        file = open_private(made, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        try:
            numbers = NumberFile(file)
            # Under its own name only once it is locked: it would be taken for that of a dead one.
            lock_descriptor(file.fileno(), blocking=False)
            made.rename(made.with_suffix(_LIVE))
        except OSError:
            made.unlink()
            raise
        return numbers

    def totals(self) -> Totals:
        """What all processes have counted, the living and the dead.

        Raises:
            StateLostError: the folder is gone.
        """
        while True:
            with suppress(FileNotFoundError):  # a file was folded in meanwhile: then all again
                return self._totals()
            if not (self.path / _ENDED).exists():
                raise StateLostError(f"the folder of the metrics, {self.path}, is gone")

    def fold(self) -> None:
        """Add the numbers of the dead to what the dead have counted, and delete their files.

        Where another process is about it, or there is no room, they wait for the next time.
        """
        with suppress(OSError), open_private(self.path / _FOLDING, os.O_CREAT | os.O_RDWR) as lock:
            if lock_descriptor(lock.fileno(), blocking=False):
                self._fold()

    def _totals(self) -> Totals:
        files = self._files()  # before what has ended: what was folded in since is found there
        ended = read(self.path / _ENDED)
        totals = Totals()
        totals.add(ended, living=False)
        done = _done(ended)
        for file in files:
            if file.name not in done:
                totals.add(read(file), living=not _is_dead(file))
        return totals

    def _fold(self) -> None:
        ended = read(self.path / _ENDED)
        done = _done(ended)
        files = self._files()
        dead = [file for file in files if file.name not in done and _is_dead(file)]
        left = [file for file in files if file.name in done]  # by one who was killed at it
        if dead:
            totals = Totals()
            totals.add(ended, living=False)
            for file in dead:
                totals.add(read(file), living=False)
            names = {key_of(DONE, (file.name,)): (1.0, 0.0) for file in (*left, *dead)}
            self._replace({**totals.numbers(), **names})
        for file in (*left, *dead):
            file.unlink()

    def _files(self) -> list[Path]:
        return [self.path / name for name in os.listdir(self.path) if name.endswith(_LIVE)]

    def _replace(self, ended: Numbers) -> None:
        part = self.path / f"{_ENDED}.{os.getpid()}.part"
        try:
            with open_private(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
                rest = memoryview(content(ended))
                while rest:
                    rest = rest[file.write(rest) :]
            part.replace(self.path / _ENDED)
        finally:
            part.unlink(missing_ok=True)


def _done(ended: Numbers) -> set[str]:
    """The names of the files whose numbers are among those of the dead."""
    parts = map(part_of, ended)
    return {part.labels["file"] for part in parts if part.metric == DONE.name}


def _is_dead(file: Path) -> bool:
    """Whether nobody holds the lock on the numbers of a process."""
    with open_private(file, os.O_RDONLY) as opened:
        try:
            fcntl.flock(opened.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
