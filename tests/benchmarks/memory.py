"""The memory that a worker does not share with the master, after so many requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.benchmarks import h2load
from tests.benchmarks.benchmark import (
    Benchmark,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median,
    median_ratio,
)
from tests.benchmarks.programs import H2LOAD
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import CONNECTIONS, folder, llmsim_server

REQUESTS = 100_000
_HALF, _ALL = "MB, half of them", "MB, all of them"


class Memory(Benchmark):
    """See the module. A round takes as long as its requests, whatever the seconds."""

    name = "memory"
    help = (
        f"private memory of a worker after {REQUESTS:,} plain chat requests, and after half of them"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        H2LOAD.check()
        with folder() as place:
            yield [Variant("one worker", partial(measure, place, REQUESTS))]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        measured = samples["one worker"]
        growth = median_ratio(
            [{"MB": sample[_ALL]} for sample in measured],
            [{"MB": sample[_HALF]} for sample in measured],
            "MB",
        )
        return [
            Conclusion("private MB of a worker", median(measured, _ALL), most=40),
            Conclusion(
                "private memory after all requests over that after half of them", growth, most=1.05
            ),
        ]


def measure(place: Path, requests: int, _: float) -> Sample:
    """Start a server, ask it so often, and look at its worker."""
    with llmsim_server(place, hello(place), LLMSIM_WORKERS="1") as server:
        worker = psutil.Process(server.worker_pids()[0])
        sample = {}
        for name in (_HALF, _ALL):
            h2load.post_times(server.origin + CHAT, tiny()[0], CONNECTIONS, requests // 2)
            sample[name] = worker.memory_full_info().uss / 2**20
        return sample
