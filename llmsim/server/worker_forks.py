"""A signal that ends a worker reaches it from its first moment on.

Between the fork and its own handlers a worker has the master's, which only queue. Such a stop would
be lost, and the master would wait for `graceful_timeout`. So these signals wait while a worker is
forked, and then end it at once.
"""

from __future__ import annotations

import os
import signal

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class WorkerForks:
    """The forks of this process that make a worker; `begin` announces each."""

    def __init__(self) -> None:
        self._is_under_way = False
        os.register_at_fork(after_in_parent=self._end, after_in_child=self._end_in_worker)

    def begin(self) -> None:
        """The next fork makes a worker."""
        self._is_under_way = True
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def _end(self) -> None:
        if self._is_under_way:
            self._is_under_way = False
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def _end_in_worker(self) -> None:
        if self._is_under_way:
            for number in _ENDING:
                signal.signal(number, signal.SIG_DFL)
            self._end()
