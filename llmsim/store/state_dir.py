"""The directory that holds a server's state.

Private to the user, held by one live server at a time.

A file `holder` in it carries the server's process id and a lock that the operating system lets go
of when the last process that has it open ends. A private directory whose holder is dead is what a
killed server left behind; the next start sweeps it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from filelock import lock_descriptor

from llmsim.errors import StartupError
from llmsim.store.base import Blob

_WRITE = 2**20  # bytes
_HOLDER = "holder"


def open_private(path: Path | str, flags: int) -> FileIO:
    """Open a file of the state directory: made with mode 0600, never through a symbolic link.

    Raises:
        OSError: as `os.open`; a symbolic link is ELOOP.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return FileIO(descriptor, "rb" if flags & os.O_ACCMODE == os.O_RDONLY else "wb")


def write_new(path: Path, content: Blob, size: int = 0) -> None:
    """Make a file of the state directory, in pieces: others go on between them.

    The whole of it or nothing, whenever the process is killed, and never over one that is there.
    A file of `size` bytes ends with zeroes, and the disk has room for all of them.

    Raises:
        FileExistsError: there is one of that name.
        OSError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open_private(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
            _write(file, content)
            if size > len(content):
                _fill(file, size)
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write(file: FileIO, content: Blob) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest[:_WRITE]) :]
        if rest:
            time.sleep(0.0001)  # not 0: gevent then may not look for what others wait for


def _fill(file: FileIO, size: int) -> None:
    """Not by a hole: on a full disk, to write into one through a map kills the process."""
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except (AttributeError, OSError):  # macOS has no such call, and some file systems refuse it
        _write(file, bytes(size - file.tell()))


@dataclass(slots=True)
class StateDir:
    """A state directory that this process holds.

    `private` ones were made for one run and go with it.
    """

    path: Path
    private: bool
    holder: int
    owner: int = field(default_factory=os.getpid)

    def forget(self) -> None:
        """For a child of this process.

        Let the hold end with the parent, not with the last of its children.
        """
        os.close(self.holder)

    def release(self) -> None:
        """Let go of the directory, and delete it where it was made for this run.

        In a child of the process that holds it, do nothing.
        """
        if self.owner != os.getpid():
            return
        if self.private:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.holder)

    def hand_over(self) -> str:
        """Let a program that this process executes keep the hold; the text is for `inherit`."""
        os.set_inheritable(self.holder, True)
        return f"{self.holder}:{int(self.private)}:{self.path}"


def inherit(handed_over: str) -> StateDir:
    """The directory that the program before this one held."""
    holder, private, path = handed_over.split(":", 2)
    os.set_inheritable(int(holder), False)
    return StateDir(Path(path), private == "1", int(holder))


def make_private() -> StateDir:
    """A new directory for one run, under the system's temporary directory.

    What dead runs left there is swept first.

    Raises:
        StartupError: it cannot be made.
    """
    prefix = f"llmsim-{os.getuid()}-"
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise StartupError(
            f"cannot make a state directory: {error.strerror}; name a folder that can be written "
            "in TMPDIR"
        ) from error
    _sweep(prefix)
    try:
        path = Path(tempfile.mkdtemp(prefix=prefix))
        # Under its own name only once it is locked: a sweep by another start must not find it free.
        holder = _hold(path, "holder.new")
        (path / "holder.new").rename(path / _HOLDER)
        return StateDir(path, private=True, holder=holder)
    except OSError as error:
        raise StartupError(
            f"cannot make a state directory in {tempfile.gettempdir()}: {error.strerror}"
        ) from error


def take(path: Path) -> StateDir:
    """The durable directory at `path`, made if it is missing, and held until the process ends.

    Raises:
        StartupError: it is a link, somebody else's, open to others, not writable, or held by a live
            server.
    """
    try:
        with contextlib.suppress(FileExistsError):  # the check says what it is
            path.mkdir(mode=0o700, parents=True)
        _check_ours(path)
        return StateDir(path, private=False, holder=_hold(path))
    except OSError as error:
        raise StartupError(f"cannot use the state directory {path}: {error.strerror}") from error


def join(path: Path) -> tuple[StateDir, bool]:
    """The durable directory at `path`, held together with other processes that join it.

    The flag is true for the first of them.

    For workers of a server that runs none of llmsim's start-up hooks.

    Raises:
        StartupError: as `take`.
    """
    try:
        state_dir, first = take(path), True
    except StartupError:
        holder = _open_holder(path)
        if not _flock(holder, fcntl.LOCK_SH):
            os.close(holder)
            raise
        state_dir, first = StateDir(path, private=False, holder=holder), False
    fcntl.flock(state_dir.holder, fcntl.LOCK_SH)
    return state_dir, first


def _check_ours(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise StartupError(
            f"cannot use the state directory {path}: it is a symbolic link; name the "
            "directory itself"
        )
    if not stat.S_ISDIR(status.st_mode):
        raise StartupError(f"cannot use the state directory {path}: it is not a directory")
    if status.st_uid != os.geteuid():
        raise StartupError(
            f"cannot use the state directory {path}: it belongs to user id {status.st_uid}, "
            f"not to you ({os.geteuid()})"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StartupError(
            f"cannot use the state directory {path}: others may write into it; chmod it to 700"
        )


def _open_holder(path: Path, name: str = _HOLDER) -> int:
    return os.open(path / name, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _hold(path: Path, name: str = _HOLDER) -> int:
    holder = _open_holder(path, name)
    if not lock_descriptor(holder, blocking=False):
        pid = os.pread(holder, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(holder)
        raise StartupError(
            f"the state directory {path} is in use by a running llmsim (process {pid}); stop "
            "it or name another directory"
        )
    os.ftruncate(holder, 0)
    os.pwrite(holder, str(os.getpid()).encode(), 0)
    return holder


def _flock(holder: int, kind: int) -> bool:
    try:
        fcntl.flock(holder, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(prefix: str) -> None:
    """Delete the private directories of this user whose server is dead."""
    for path in Path(tempfile.gettempdir()).glob(prefix + "*"):
        with contextlib.suppress(OSError, StartupError):
            _check_ours(path)
            holder = os.open(path / _HOLDER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if lock_descriptor(holder, blocking=False):
                    shutil.rmtree(path)
            finally:
                os.close(holder)
