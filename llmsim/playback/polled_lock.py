"""A lock that may be held over what yields, and pauses that let others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_POLL = 0.005  # seconds
_SLICE = 0.001  # seconds; threads that need the interpreter ten times wait for ten of them


class PolledLock:
    """A lock that is only ever tried.

    It may be older than gevent's patches: one that waited would stop all greenlets of a worker, the
    holder too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it while the block lasts."""
        while not self._lock.acquire(blocking=False):
            time.sleep(_POLL)
        try:
            yield
        finally:
            self._lock.release()


class Pauses:
    """Pauses in long work. Without them a greenlet has its worker for itself.

    A pause costs a millisecond, so work that is to be done soon is cut into longer slices.
    """

    def __init__(self, slice_seconds: float = _SLICE) -> None:
        self._slice = slice_seconds
        self._since = time.perf_counter()

    def pause(self) -> None:
        """Let others go on, if the last pause was some milliseconds ago."""
        if time.perf_counter() - self._since > self._slice:
            time.sleep(0.0001)  # not 0: gevent then may not look for what others wait for
            self._since = time.perf_counter()
