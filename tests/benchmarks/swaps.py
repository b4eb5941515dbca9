"""How long others wait while a large script is put, and while the workers begin to play it."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

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
from tests.benchmarks.servers import folder, llmsim_server
from tests.running import Server, text, write_script

TURNS = 100_000
_PAUSE = 0.005  # seconds between requests: what is measured is how long each waits
_AFTERWARDS = 30  # requests to the session whose script was put: some for each worker
_WORKERS = ("gevent", "gthread")
_NOTHING_PUT = "nothing is put"

# A process of its own: to send 60 MB from this one would hold up what it measures.
_PUTTING = """\
import http.client, sys
host, path, body, chat, times = sys.argv[1:]
def send(method, url, content):
    connection = http.client.HTTPConnection(host, timeout=600)
    connection.request(method, url, content, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    connection.close()
with open(body, "rb") as file:
    send("PUT", "/llmsim/sessions/large/script", file.read())
for _ in range(int(times)):
    send("POST", "/s/large" + path, chat)
"""


class Swaps(Benchmark):
    """See the module. How many seconds are to be measured changes nothing here."""

    name = "swaps"
    help = (
        f"milliseconds that small requests take while a script of {TURNS:,} turns and 60 MB is "
        "put and begins to play"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place, ExitStack() as stack:
            large = write_script(
                place / "large.json",
                *(text(f"{number}: ".ljust(600, "x")) for number in range(TURNS)),
            )
            servers = {
                worker_class: stack.enter_context(
                    llmsim_server(place, hello(place), LLMSIM_WORKER_CLASS=worker_class)
                )
                for worker_class in _WORKERS
            }
            yield [
                Variant(_NOTHING_PUT, partial(measure, servers["gevent"], None)),
                *(
                    Variant(name, partial(measure, server, large))
                    for name, server in servers.items()
                ),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"the longest that a request took on {name}, ms",
                median(own, "most ms"),
                most=50,
            )
            for name, own in samples.items()
            if name != _NOTHING_PUT
        ]


def measure(server: Server, script: Path | None, seconds: float) -> Sample:
    """Put the script, and ask small requests for as long as that takes.

    Without a script, ask them for so many seconds: what the machine itself makes them wait.
    """
    host = urlsplit(server.origin).netloc
    command = ["sleep", str(seconds)]
    if script is not None:
        asked = [host, CHAT, str(script), tiny()[0], str(_AFTERWARDS)]
        command = [sys.executable, "-c", _PUTTING, *asked]
    waits: list[float] = []
    started = time.perf_counter()
    with subprocess.Popen(command) as running:
        while not waits or running.poll() is None:
            waits.append(_wait(host))
            time.sleep(_PAUSE)
    if running.returncode:
        raise BenchmarkError(f"the script was not put: exit code {running.returncode}")
    return {
        "p50 ms": statistics.median(waits),
        "most ms": max(waits),
        "put s": time.perf_counter() - started,
    }


def _wait(host: str) -> float:
    """Milliseconds of a small request on a connection of its own: any worker may get it."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection(host, timeout=600)
    connection.request("POST", CHAT, tiny()[0], {"Content-Type": "application/json"})
    answer = connection.getresponse()
    json.loads(answer.read())
    connection.close()
    return (time.perf_counter() - started) * 1000
