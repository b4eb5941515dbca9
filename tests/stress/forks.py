"""Child processes that claim, and write down what they got where it outlives them."""

from __future__ import annotations

import itertools
import mmap
import os
import signal
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

from llmsim.store.base import DEFAULT_SESSION, Store
from tests.stress.proofs import Taken

_RECORD = struct.Struct("=5Q")


class Noted(NamedTuple):
    """A claim that was written down."""

    taken: Taken
    script: int


def fork(work: Callable[[], object]) -> int:
    """Do `work` in a child; its process id."""
    pid = os.fork()
    return pid or _finish(work)


def _finish(work: Callable[[], object]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def kill(pid: int) -> None:
    """End a child that is still at work."""
    os.kill(pid, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL, "the child had ended by itself"


def wait_for(pid: int, seconds: float = 60) -> int:
    """Wait for a child to end; its exit status.

    One that takes longer is killed, and the status is that of the kill.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def at_work(*works: Callable[[Callable[[], bool]], None]) -> Iterator[None]:
    """Children, each at one of `works`, for as long as the block lasts.

    Each is given a function that says whether to go on.
    """
    ended = mmap.mmap(-1, 1)

    def go_on() -> bool:
        return not ended[0]

    pids = [fork(partial(work, go_on)) for work in works]
    try:
        yield
    finally:
        ended[0] = 1
        statuses = [wait_for(pid) for pid in pids]
    assert statuses == [0] * len(pids)


class Notes:
    """A directory of what was claimed.

    One file for each thread that claims, whole records only, whoever is killed.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._numbers = itertools.count()

    def claim(self, store: Store, go_on: Callable[[], bool]) -> None:
        """Claim for as long as `go_on()`."""
        path = self._directory / f"{os.getpid()}-{threading.get_ident()}-{next(self._numbers)}"
        with path.open("wb", buffering=0) as file:
            while go_on():
                self._claim_once(store, file.write)

    def claim_in_threads(self, store: Store, threads: int, each: int) -> None:
        """Claim `each` times in each of so many threads."""

        def work() -> None:
            left = iter(range(each))
            self.claim(store, lambda: next(left, None) is not None)

        started = [threading.Thread(target=work) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()

    def __iter__(self) -> Iterator[Noted]:
        for path in self._directory.iterdir():
            content = path.read_bytes()
            whole = len(content) - len(content) % _RECORD.size
            for began, ended, generation, position, script in _RECORD.iter_unpack(content[:whole]):
                yield Noted(Taken(began, ended, generation, position), script)

    @staticmethod
    def _claim_once(store: Store, write: Callable[[bytes], object]) -> None:
        began = time.monotonic_ns()
        claim = store.claim(DEFAULT_SESSION)
        write(
            _RECORD.pack(began, time.monotonic_ns(), claim.generation, claim.position, claim.script)
        )
