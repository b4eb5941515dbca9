"""Whether the client of a request is still there, as its socket tells."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

# Linux tells a connection's state in the first byte of `tcp_info`; to ask costs half of what an
# attempt to read does.
_TCP_INFO = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
_ESTABLISHED = b"\x01"
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def has_hung_up(environ: Mapping[str, Any]) -> bool:
    """Whether the client has closed its side: it has gone, or it will say no more.

    What is written to one that has gone looks delivered.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return False
    connection = getattr(
        connection, "_sock", connection
    )  # gevent's own socket would wait, and is slower
    if _TCP_INFO is not None and connection.family in _INTERNET:
        state: bytes = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
        return state != _ESTABLISHED
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, ValueError):  # nothing to hear; under TLS one cannot look
        return False
    except OSError:
        return True


def break_off(environ: Mapping[str, Any], *, reset: bool) -> NoReturn:
    """Reset the connection, or only close it, in the middle of an answer.

    Raises:
        ConnectionResetError: always. Where the body is gone through, every worker takes it for a
            client that has left; anywhere else it would become a 500.
    """
    connection = environ.get("gunicorn.socket")
    if connection is not None:
        if reset:  # with a linger of no seconds, to close is to reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    raise ConnectionResetError(errno.ECONNRESET, "The script breaks this answer off.")


def was_reset(environ: Mapping[str, Any]) -> bool:
    """Whether a client that had hung up has refused what was written to it since."""
    return bool(environ["gunicorn.socket"].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
