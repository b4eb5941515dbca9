"""A lock that is a file: for what is changed now and then, beside the cursor table's own lock."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import lock_descriptor

from llmsim.errors import StoreBusyError

_POLL_SECONDS = 0.001
_FLAGS = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def locked_file(path: str, timeout: float) -> Iterator[None]:
    """Hold the lock at `path`, which may be deleted by who holds it.

    It is opened by each for himself: that also keeps threads apart, and no fork shares it.

    Raises:
        OSError: it cannot be opened.
        StoreBusyError: somebody holds it for longer than `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            if lock_descriptor(descriptor, blocking=False) and _is_at(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)
        if time.monotonic() > deadline:
            raise StoreBusyError(timeout)
        time.sleep(_POLL_SECONDS)


def _is_at(descriptor: int, path: str) -> bool:
    """Whether it is still the lock of that path: who held it before may have deleted it."""
    try:
        return os.fstat(descriptor).st_ino == os.stat(path).st_ino
    except OSError:
        return False
