"""Trouble for a server while it serves a crowd. It comes by answers and not by seconds: slow machines see as much of it as fast ones."""

from __future__ import annotations

import contextlib
import os
import signal

from tests.stress.clients import Crowd


def kill_workers(crowd: Crowd, times: int, every: int) -> None:
    """Each time the crowd has so many more answers, SIGKILL for the worker that gave the newest one."""
    for _ in range(times):
        crowd.wait_for(every)
        _, pid = crowd.newest.worker.rsplit(":", 1)
        with contextlib.suppress(ProcessLookupError):  # it may have ended since
            os.kill(int(pid), signal.SIGKILL)
    crowd.wait_for(every)
