"""How long a stop takes while a client keeps a connection that it does not use."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from llmsim.settings import WORKER_CLASSES
from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median
from tests.benchmarks.requests import CHAT, HELLO, tiny
from tests.benchmarks.servers import folder, llmsim_server
from tests.running import PATIENCE, write_script


class Stop(Benchmark):
    """See the module. How many seconds are to be measured changes nothing here."""

    name = "stop"
    help = "seconds from SIGTERM to the end, with one idle connection, by worker class"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place:
            script = write_script(place / "script.json", HELLO)
            yield [Variant(name, partial(measure, place, script, name)) for name in WORKER_CLASSES]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(f"seconds to stop, {name}", median(samples[name], "seconds"), most=1)
            for name in WORKER_CLASSES
        ]


def measure(place: Path, script: Path, worker_class: str, _: float) -> Sample:
    """Start a server, ask it once, and stop it with the connection still open."""
    server = llmsim_server(place, script, LLMSIM_WORKER_CLASS=worker_class)
    with server, httpx.Client(timeout=PATIENCE) as client:
        client.post(server.origin + CHAT, content=tiny()[0]).raise_for_status()
        told = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(PATIENCE)
        return {"seconds": time.perf_counter() - told}
