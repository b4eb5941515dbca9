"""Ending a connection that waits for a request."""

from __future__ import annotations

import _socket
import contextlib
import os
from typing import Any

# How long a worker that stops still waits for a request on an idle connection, in seconds: the
# client may be sending one at that moment. It is answered with `Connection: close`.
LINGER_SECONDS = 0.2


def end_reading(connection: Any) -> None:
    """Let the next read of `connection` find the end, once it has what already came.

    So a request that is already here is still answered. Not by the socket's own method: gevent's
    raises an error in whoever reads, and TLS would go on in plain text.
    """
    with contextlib.suppress(OSError):  # it is gone, or closed
        twin = _socket.socket(fileno=os.dup(connection.fileno()))
        with contextlib.closing(twin):
            twin.shutdown(_socket.SHUT_RD)
