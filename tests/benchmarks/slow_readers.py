"""What open streams cost: many clients that read one very long stream slowly."""

from __future__ import annotations

import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median
from tests.benchmarks.requests import CHAT, HELLO, tiny
from tests.benchmarks.servers import folder, llmsim_server
from tests.running import PATIENCE, Server, text, write_script

TOKENS = 400_000
READERS = 300
_ALONE, _BESIDE = "alone", f"beside {READERS} slow readers"
_READ, _PAUSE = 16 * 1024, 0.5  # bytes that a reader takes at once, and seconds between
_SHORT = "short"


class SlowReaders(Benchmark):
    """See the module. A server for each measurement, of one worker, so that all meet in it."""

    name = "slow_readers"
    help = (
        f"short answers while {READERS} clients slowly read a stream of {TOKENS:,} tokens from "
        "the same worker, and the memory that those take"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place:
            yield [
                Variant(_ALONE, partial(measure, place, TOKENS, 0)),
                Variant(_BESIDE, partial(measure, place, TOKENS, READERS)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        alone, beside = samples[_ALONE], samples[_BESIDE]
        more = median(beside, "MB of the worker") - median(alone, "MB of the worker")
        return [
            Conclusion("MB for each slow reader", more / READERS, most=0.5),
            Conclusion("p99 ms of a short answer meanwhile", median(beside, "p99 ms"), most=50),
        ]


def measure(place: Path, tokens: int, readers: int, seconds: float) -> Sample:
    """Short answers of a server, one after the other, while so many clients read slowly."""
    long = write_script(place / "long.json", text(" word" * tokens))
    with llmsim_server(place, long, LLMSIM_WORKERS="1") as server:
        made = {"name": _SHORT, "script": {"turns": [HELLO]}}
        httpx.post(
            f"{server.origin}/llmsim/sessions", json=made, timeout=PATIENCE
        ).raise_for_status()
        with _slow_readers(server, readers):
            return _measured(server, max(1, seconds))


def _measured(server: Server, seconds: float) -> Sample:
    worker = psutil.Process(server.worker_pids()[0])
    durations, most = [], 0
    deadline = time.monotonic() + seconds
    with httpx.Client(base_url=f"{server.origin}/s/{_SHORT}", timeout=PATIENCE) as client:
        while time.monotonic() < deadline:
            started = time.perf_counter()
            client.post(CHAT, content=tiny()[0]).raise_for_status()
            durations.append((time.perf_counter() - started) * 1000)
            most = max(most, worker.memory_full_info().uss)
            time.sleep(0.01)
    cuts = statistics.quantiles(durations, n=100)
    return {
        "MB of the worker": most / 2**20,
        "p50 ms": cuts[49],
        "p99 ms": cuts[98],
        "longest ms": max(durations),
    }


@contextmanager
def _slow_readers(server: Server, readers: int) -> Iterator[None]:
    where = urlsplit(server.origin)
    body = tiny(stream=True)[0]
    request = (
        f"POST {CHAT} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    connections, ended = [], threading.Event()
    for _ in range(readers):
        connections.append(socket.create_connection((where.hostname, where.port)))
        connections[-1].sendall(request)
    thread = threading.Thread(target=_read, args=(connections, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for connection in connections:
            connection.close()


def _read(connections: Sequence[socket.socket], ended: threading.Event) -> None:
    """Take a little from each connection, again and again."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while not ended.wait(_PAUSE):
            for key, _ in selector.select(0):
                key.fileobj.recv(_READ)  # type: ignore[union-attr]
