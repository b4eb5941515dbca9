"""Trouble for a server while it serves a crowd. It comes by answers and not by seconds.

Slow machines see as much of it as fast ones.
"""

from __future__ import annotations

import contextlib
import os
import signal

from tests.stress.clients import Crowd

_MOST_KILLS = 500


def kill_workers(crowd: Crowd, times: int, every: int) -> None:
    """Each time the crowd has so many more answers, a worker gets SIGKILL.

    It is the one that gave the newest answer.

    So many times, and then until a kill has cost a request its answer: where the clients are slower
    than the workers, most kills find an idle one.
    """
    for number in range(_MOST_KILLS):
        if number >= times and crowd.failures:
            break
        crowd.wait_for(every)
        _, pid = crowd.newest.worker.rsplit(":", 1)
        with contextlib.suppress(ProcessLookupError):  # it may have ended since
            os.kill(int(pid), signal.SIGKILL)
    crowd.wait_for(every)
