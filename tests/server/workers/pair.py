"""The same application on llmsim's gevent worker and on gunicorn's own, and both asked alike."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.running import PATIENCE, Server

_CONF = Path(__file__).parents[2] / "benchmarks" / "bare_conf.py"
WORKERS = {"fast": "llmsim.server.workers.fast_worker.FastWorker", "gunicorn's": "gevent"}
# A server that leaves bytes unread for longer than this does not read them at all. On a busy
# machine it may only be slow, and two pieces come as one to it: then there is a longer try.
_UNREAD_SECONDS = (0.2, 0.2, 1, 5)

Connect = Callable[[], socket.socket]


def head_of(path: str = "/", *more: str, length: int | None = 4) -> bytes:
    """A head as clients write it."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *more]
    if length is not None:
        lines.insert(3, f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(path: str = "/", *more: str, body: bytes = b"body") -> bytes:
    """A request as clients write it."""
    return head_of(path, *more, length=len(body)) + body


class Pair:
    """The two servers, of one worker each."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self.servers = servers

    def answers(self, *pieces: bytes, end: bool = True) -> bytes:
        """What both answer to these pieces; fails where they always differ.

        With `end` the client says then that it will send no more.
        """
        for unread in _UNREAD_SECONDS:
            fast, theirs = (
                talk(connect(each), *pieces, end=end, unread=unread)
                for each in self.servers.values()
            )
            if fast == theirs:
                break
        assert fast == theirs, f"to {pieces}"
        return fast

    def answers_remembered(self, *pieces: bytes) -> bytes:
        """As `answers`; the head of the request comes a third time then, so it is remembered."""
        before = facts(self.servers["fast"])["again"]
        for _ in range(2):
            self.answers(*pieces)
        answer = self.answers(*pieces)
        assert facts(self.servers["fast"])["again"] > before
        return answer


@contextmanager
def pair(tmp_path: Path, *arguments: str, **variables: Any) -> Iterator[Pair]:
    """Both servers, with these arguments of gunicorn and settings of llmsim.

    They keep a connection for as long as this machine may need for the next piece.
    """
    variables.setdefault("LLMSIM_KEEPALIVE", str(PATIENCE))
    with contextlib.ExitStack() as stack:
        yield Pair(
            {
                name: stack.enter_context(served(tmp_path, worker, *arguments, **variables))
                for name, worker in WORKERS.items()
            }
        )


def served(
    tmp_path: Path, worker: str, *arguments: str, kind: type[Server] = Server, **variables: Any
) -> Server:
    """The application on one worker of that class."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(_CONF)]
    command += ["tests.server.workers.echo_app:app", "-w", "1", "-k", worker, *arguments]
    return kind(tmp_path, None, command=command, **variables)


def connect(server: Server, source: str | None = None) -> socket.socket:
    """A connection, from that address."""
    host, port = server.origin.removeprefix("http://").split(":")
    own = None if source is None else (source, 0)
    return socket.create_connection((host, int(port)), timeout=PATIENCE, source_address=own)


def talk(
    connection: socket.socket,
    *pieces: bytes,
    end: bool = True,
    unread: float = _UNREAD_SECONDS[0],
) -> bytes:
    """All that comes back, but for dates and the peer's port, which must be right.

    For the server to read a piece the next one waits for `unread` seconds at most.
    """
    with connection:
        name, peer = connection.getsockname(), connection.getpeername()
        for number, piece in enumerate(pieces):
            if number:
                _let_read(name, peer, unread)
            with contextlib.suppress(ConnectionError):  # it was answered before its end
                connection.sendall(piece)
        if end:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        answer = _rest_of(connection)
    port = b"%d" % name[1] if isinstance(name, tuple) else b"none"
    assert set(re.findall(rb"\r\nX-Peer-Port: (\w+)", answer)) <= {port}
    answer = re.sub(rb"\r\nX-Peer-Port: \w+", b"", answer)
    return re.sub(rb"\r\nDate: \w{3}, [\w :]+ GMT", b"\r\nDate:", answer)


def _let_read(name: Any, peer: Any, seconds: float) -> None:
    """Wait until the server has read what it was sent, so that the next piece is one to it too.

    What gunicorn says of a bad head hangs on the pieces in which it came.
    """
    deadline = time.monotonic() + seconds
    while _is_unread(name, peer) and time.monotonic() < deadline:
        time.sleep(0.0005)


def _is_unread(name: Any, peer: Any) -> bool:
    """Whether bytes wait in the socket at the other end, which is on this machine too."""
    ports = [f":{end[1]:04X}" for end in (peer, name)]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if local.endswith(ports[0]) and remote.endswith(ports[1]):
            return not queues.endswith(":00000000")
    return False


def _rest_of(connection: socket.socket) -> bytes:
    """All that comes until the connection ends; a reset is an end too."""
    parts = []
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def facts(server: Server) -> dict[str, Any]:
    """What the worker says of itself."""
    answer = talk(connect(server), b"GET /facts HTTP/1.1\r\nHost: x\r\n\r\n")
    return dict(json.loads(answer.partition(b"\r\n\r\n")[2]))


def statuses(answer: bytes) -> list[int]:
    """Those of all answers that came back."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def echoed(answer: bytes) -> Iterable[dict[str, Any]]:
    """What the application saw, request by request."""
    return [json.loads(line) for line in re.findall(rb'\{"environ".*\}', answer)]
