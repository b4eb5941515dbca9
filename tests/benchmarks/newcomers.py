"""How long a new connection waits for its first answer where a thousand others are served.

Each is closed after some requests, and another takes its place.
"""

from __future__ import annotations

import re
import select
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.benchmark import (
    Benchmark,
    BenchmarkError,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median,
)
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import bare_server, folder, llmsim_server, rewind
from tests.running import Server

CONNECTIONS = 1_000
REQUESTS_A_CONNECTION = 20
_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)")
LLMSIM, BARE = "llmsim", "bare WSGI on gunicorn's own worker"


class Newcomers(Benchmark):
    """See the module."""

    name = "newcomers"
    help = (
        f"first answers beside later ones, over {CONNECTIONS:,} connections that end after "
        f"{REQUESTS_A_CONNECTION} requests"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as llmsim,
            bare_server(place) as bare,
        ):
            yield [
                Variant(LLMSIM, partial(_ask_llmsim, llmsim)),
                Variant(BARE, partial(measure, bare.origin)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        name = "p99 of first answers over p99 of later ones"
        return [
            Conclusion(f"{name}, llmsim", median(samples[LLMSIM], "first over later"), most=2),
            Conclusion(f"{name}, {BARE}", median(samples[BARE], "first over later")),
        ]


def _ask_llmsim(server: Server, seconds: float) -> Sample:
    rewind(server)
    return measure(server.origin, seconds)


def measure(origin: str, seconds: float) -> Sample:
    """Ask for three times as long as is said, or for two seconds; the first third is not measured.

    At first all connections are new.
    """
    seconds = max(2 * seconds, 4 / 3)
    crowd = _Crowd(origin)
    crowd.run(seconds / 2)
    crowd.first, crowd.later = [], []
    crowd.run(seconds)
    crowd.end()
    if len(crowd.first) < 2:
        raise BenchmarkError("no connection was replaced: measure for a longer time")
    first, later = _p99(crowd.first), _p99(crowd.later)
    return {
        "requests/s": (len(crowd.first) + len(crowd.later)) / seconds,
        "first p99 ms": first,
        "later p99 ms": later,
        "first over later": first / later,
    }


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1] * 1000


class _Client:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.asked = time.perf_counter()  # the wait to be accepted counts
        self.answers = 0
        self.is_open = False
        self._received = b""
        self.socket.connect_ex(address)

    def has_answer(self) -> bool:
        """Whether all of an answer is there, with what comes now."""
        self._received += self.socket.recv(65536)
        if not self._received.startswith(b"HTTP/1.1 200 "):
            raise BenchmarkError("a request failed")
        head, end, body = self._received.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if not end or found is None or len(body) < int(found[1]):
            return False
        self._received = b""
        return True


class _Crowd:
    """The clients. One thread asks for all: it is faster than what it measures."""

    def __init__(self, origin: str) -> None:
        host, port = origin.removeprefix("http://").split(":")
        (body,) = tiny()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        self._address = host, int(port)
        self._poll = select.epoll()
        self._clients: dict[int, _Client] = {}
        self.first: list[float] = []
        self.later: list[float] = []
        for _ in range(CONNECTIONS):
            self._open()

    def run(self, seconds: float) -> None:
        """Ask for so long."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for number, _ in self._poll.poll(0.1):
                client = self._clients[number]
                if client.is_open:
                    self._answered(number, client)
                else:
                    client.is_open = True
                    client.socket.send(self._request)
                    self._poll.modify(number, select.EPOLLIN)

    def end(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.socket.close()
        self._poll.close()

    def _open(self) -> None:
        client = _Client(self._address)
        self._clients[client.socket.fileno()] = client
        self._poll.register(client.socket, select.EPOLLOUT)

    def _answered(self, number: int, client: _Client) -> None:
        if not client.has_answer():
            return
        now = time.perf_counter()
        (self.later if client.answers else self.first).append(now - client.asked)
        client.answers += 1
        if client.answers == REQUESTS_A_CONNECTION:
            self._poll.unregister(number)
            self._clients.pop(number).socket.close()
            self._open()
        else:
            client.asked = now
            client.socket.send(self._request)
