"""A client of many paced streams at once, in a process of its own.

One that waits for its turn among other work would measure that.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

from tests.benchmarks.benchmark import BenchmarkError, Sample

SPREAD = 1.0  # seconds over which the streams begin
_DATA = b"data: "


class _Stream:
    """A stream that is read: when it was asked for, when content came, and when its end."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.socket = socket.create_connection((host, port))
        self._request = request
        self._frames = 0
        self.asked = self.first = self.ended = 0.0

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.socket.sendall(self._request)
        self.socket.setblocking(False)

    def read(self) -> None:
        data = self.socket.recv(65536)
        now = time.perf_counter()
        self._frames += data.count(_DATA)
        if not self.first and self._frames > 1:  # the first one opens the stream
            self.first = now
        if not data:
            self.ended = now


def measure(url: str, body: str, streams: int, chunks: int) -> Sample:
    """So many streams of so many chunks at once, measured by a process of its own."""
    asked = json.dumps([url, body, streams, chunks])
    command = [sys.executable, "-m", "tests.benchmarks.paced_client"]
    ended = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchmarkError(f"the client of {streams} streams failed: {ended.stderr}")
    sample: Sample = json.loads(ended.stdout)
    return sample


def _measured(url: str, body: str, streams: int, chunks: int) -> Sample:
    from tests.benchmarks.paced_app import TBT, TTFT

    where = urlsplit(url)
    path = f"{where.path}?{where.query}" if where.query else where.path
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()
    made = [_Stream(where.hostname or "", where.port or 0, request) for _ in range(streams)]
    _read_all(made)
    nominal = TTFT + (chunks - 1) * TBT
    late = [(stream.first - stream.asked - TTFT) * 1000 for stream in made]
    ratios = [(stream.ended - stream.asked) / nominal for stream in made]
    return {
        "TTFT p50 late ms": statistics.median(late),
        "TTFT p99 late ms": statistics.quantiles(late, n=100)[98],
        "duration p50": statistics.median(ratios),
        "duration p99": statistics.quantiles(ratios, n=100)[98],
    }


def _read_all(streams: list[_Stream]) -> None:
    started, waiting, open_streams = time.perf_counter(), list(reversed(streams)), len(streams)
    gap = SPREAD / len(streams)
    with selectors.DefaultSelector() as selector:
        while open_streams:
            now = time.perf_counter()
            while waiting and now >= started + (len(streams) - len(waiting)) * gap:
                stream = waiting.pop()
                stream.ask()
                selector.register(stream.socket, selectors.EVENT_READ, stream)
            for key, _ in selector.select(gap if waiting else 1):
                key.data.read()
                if key.data.ended:
                    selector.unregister(key.fileobj)
                    key.data.socket.close()
                    open_streams -= 1


if __name__ == "__main__":
    print(json.dumps(_measured(*json.loads(sys.stdin.read()))))
