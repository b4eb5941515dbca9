"""Trouble for a server: something done to it again and again while a test goes on."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests.serving import Server


class Times:
    """How often it was done."""

    def __init__(self) -> None:
        self.number = 0


@contextmanager
def again_and_again(action: Callable[[], None], least: float, most: float) -> Iterator[Times]:
    """Do `action` for as long as the block lasts, with pauses of `least` to `most` seconds; what it raises fails the block."""
    ended, times, faults = threading.Event(), Times(), []

    def work() -> None:
        try:
            while not ended.wait(random.uniform(least, most)):
                action()
                times.number += 1
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join(60)
    if faults:
        raise faults[0]


def kill_a_worker(server: Server) -> None:
    """SIGKILL, for any one of the server's workers."""
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):  # one may end by itself while it is looked at
        pids = server.worker_pids()
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)
