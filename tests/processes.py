"""Processes that a test did not start itself, or whose end it waits for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


def alive(pid: int) -> bool:
    """Whether there is such a process. One that has ended and was not waited for is none."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it may end between any two looks at it
        return False


def children(pid: int) -> list[int]:
    """The living children of a process; none where it has ended itself."""
    with suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children() if alive(child.pid)]
    return []


def wait_until_gone(pids: Iterable[int], seconds: float = 60) -> None:
    """Wait for the end of all these processes."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < deadline, f"processes go on: {left}"
        time.sleep(0.02)


@contextmanager
def no_survivors(tmp_path: Path) -> Iterator[None]:
    """However the block ends, what runs with `TMPDIR` at `tmp_path` is killed after it."""
    try:
        yield
    finally:
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get("TMPDIR") == str(tmp_path):
                    process.kill()
