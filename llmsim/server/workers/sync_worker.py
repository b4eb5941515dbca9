"""The sync worker."""

from __future__ import annotations

import signal
from typing import Any

from gunicorn.workers import sync

from llmsim.server.workers.idle import end_reading


class SyncWorker(sync.SyncWorker):
    """gunicorn's, but that a stop does not wait for a connection that has never asked anything."""

    _silent: Any = None

    def init_signals(self) -> None:
        """Let SIGTERM be noticed while a read waits; Python goes on with the read afterwards."""
        super().init_signals()
        signal.siginterrupt(signal.SIGTERM, True)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """SIGTERM, also while a read waits: it goes on, and finds the end."""
        super().handle_exit(sig, frame)
        if self._silent is not None:
            end_reading(self._silent)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection."""
        self._silent = client
        if not self.alive:  # told so since the connection was accepted
            end_reading(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._silent = None

    def handle_request(self, listener: Any, req: Any, client: Any, addr: Any) -> None:
        """Answer a request, whose head was read."""
        self._silent = None
        super().handle_request(listener, req, client, addr)
