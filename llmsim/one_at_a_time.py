"""Long work in slices, so that short work comes between."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeVar

Slice = TypeVar("Slice")


def one_at_a_time(kind: str) -> threading.Lock:
    """The lock under which this process does one long piece of work of that kind at a time.

    Greenlets and threads that wait for it wait in line. It is made on first use in each process:
    one made before gevent patches `threading` would stop all greenlets of a worker.
    """
    return _lock(kind, os.getpid())


@cache
def _lock(_kind: str, _pid: int) -> threading.Lock:
    return threading.Lock()


def let_others_run() -> None:
    """Give way to the other greenlets or threads of this process."""
    time.sleep(0)


def sliced(slices: Iterable[Slice], kind: str) -> Iterator[Slice]:
    """`slices`, each made under the lock of that kind, and a chance for the others around each.

    So however many go on at once, whatever else comes in waits for few slices.
    """
    rest = iter(slices)
    lock = one_at_a_time(kind)
    while True:
        let_others_run()  # who waits for the lock comes first
        with lock:
            try:
                made = next(rest)
            except StopIteration:
                return
            let_others_run()
        yield made
