"""The gthread worker."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from gunicorn.workers import gthread

from llmsim.server.workers.idle import LINGER_SECONDS, end_reading

# gunicorn's 2 seconds are most of the time that a stop takes.
gthread.STOP_KEEPALIVE_LINGER = LINGER_SECONDS


class ThreadWorker(gthread.ThreadWorker):
    """gunicorn's, but that a stop does not wait for connections that have never asked anything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silent: WeakSet[Any] = WeakSet()

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """SIGTERM."""
        super().handle_exit(sig, frame)
        self.method_queue.defer(self._end_silent)

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread read a request."""
        if not conn.initialized:
            self._silent.add(conn)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, whose head was read."""
        self._silent.discard(conn)
        return super().handle_request(req, conn)

    def _end_silent(self) -> None:
        for conn in list(self._silent):
            end_reading(conn.sock)
