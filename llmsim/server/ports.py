"""The addresses of a gunicorn server."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from typing import Any

from llmsim.address import is_loopback
from llmsim.errors import StartupError

# What a client on this machine can use in the place of "every address".
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - names it, binds nothing


def check_free(server: Any) -> None:
    """Refuse an address that is taken at once: gunicorn would try for five seconds.

    Raises:
        StartupError: it is taken, not this machine's, or not permitted.
    """
    inherited = (
        server.LISTENERS or server.master_pid or "LISTEN_FDS" in os.environ or server.cfg.reuse_port
    )
    for address in [] if inherited else server.cfg.address:
        if isinstance(address, tuple):
            _check_free(address)


def _check_free(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            hint = (
                "; choose another with --port or LLMSIM_PORT (0 takes any free one)"
                if error.errno == errno.EADDRINUSE
                else ""
            )
            raise _cannot_listen(address, f"{error.strerror}{hint}") from error
        except OverflowError as error:
            raise _cannot_listen(address, "a port is a number from 0 to 65535") from error
        except (UnicodeError, TypeError) as error:
            raise _cannot_listen(address, "this is no host name") from error


def _cannot_listen(address: tuple[str, int], reason: str) -> StartupError:
    return StartupError(f"cannot listen on {address[0]}:{address[1]}: {reason}")


def open_to_others(listeners: Iterable[Any]) -> list[str]:
    """The addresses at which other machines can reach the server."""
    places = [
        listener.sock.getsockname()[:2]
        for listener in listeners
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6)
    ]
    return [f"{_in_url(host)}:{port}" for host, port in places if not is_loopback(host)]


def origin(listeners: Iterable[Any], scheme: str = "http") -> str:
    """The URL of the first TCP listener, with the port that it really has.

    A client on this machine can use it as it is.
    """
    for listener in listeners:
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6):
            host, port = listener.sock.getsockname()[:2]
            return f"{scheme}://{_in_url(_REACHABLE.get(host, host))}:{port}"
    return f"{scheme}://localhost"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
