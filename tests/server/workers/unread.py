"""What the other end of a connection, on this machine too, has not read yet.

The kernel is asked for that one socket. `/proc/net/tcp` tells it as well, in a list of all that
there are: after some thousand connections each look takes ten milliseconds.
"""

from __future__ import annotations

import socket
import struct

Address = tuple[str, int]

# linux/sock_diag.h, linux/inet_diag.h
_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1
_ANY_STATE, _NO_COOKIE = 0xFFFFFFFF, b"\xff" * 8
_HEADER = struct.Struct("=IHHII")  # of netlink: length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBBI")  # family, protocol, extensions, padding, states
_PORTS = struct.Struct("!HH")
_TOLD = struct.Struct("=4x 48x I I")  # family to retransmits, the socket, expiry, unread bytes


def bytes_unread(reader: Address, writer: Address) -> int:
    """How many bytes wait at `reader` that came from `writer`; 0 where it has no socket."""
    ends = _PORTS.pack(reader[1], writer[1]) + _padded(reader) + _padded(writer)
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
    asked += ends + bytes(4) + _NO_COOKIE
    head = _HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.sendto(head + asked, (0, 0))
        told = kernel.recv(8192)
    _, kind, *_ = _HEADER.unpack_from(told)
    return int(_TOLD.unpack_from(told, _HEADER.size)[1]) if kind == _BY_FAMILY else 0


def _padded(address: Address) -> bytes:
    return socket.inet_aton(address[0]).ljust(16, b"\0")
