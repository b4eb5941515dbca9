"""What counting costs: plain answers and short streams with metrics and without, and a scrape."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import httpx

from tests.benchmarks.benchmark import (
    Benchmark,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median,
    median_ratio,
)
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, folder, llmsim_server
from tests.running import PATIENCE, Server


class Metrics(Benchmark):
    """See the module."""

    name = "metrics"
    help = "plain chat answers and short streams per second with metrics on and off"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as on,
            llmsim_server(place, hello(place), LLMSIM_METRICS="false") as off,
        ):
            streams = tiny(stream=True)
            yield [
                Variant("plain, on", partial(ask, on, CHAT, tiny())),
                Variant("plain, off", partial(ask, off, CHAT, tiny())),
                Variant("stream, on", partial(ask, on, CHAT, streams)),
                Variant("stream, off", partial(ask, off, CHAT, streams)),
                Variant("scrape", partial(scrape, on)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratios = {
            what: median_ratio(samples[f"{what}, on"], samples[f"{what}, off"], "requests/s")
            for what in ("plain", "stream")
        }
        return [
            *(
                Conclusion(f"{what}: requests/s with metrics over those without", ratio, least=0.96)
                for what, ratio in ratios.items()
            ),
            Conclusion("ms that a scrape takes", median(samples["scrape"], "p50 ms"), most=20),
        ]


def scrape(server: Server, seconds: float) -> Sample:
    """How long `/metrics` takes, one after the other."""
    times: list[float] = []
    with httpx.Client(base_url=server.origin, timeout=PATIENCE) as client:
        while sum(times) < seconds:
            began = time.perf_counter()
            client.get("/metrics").raise_for_status()
            times.append(time.perf_counter() - began)
    times.sort()
    return {
        "requests/s": len(times) / sum(times),
        "p50 ms": times[len(times) // 2] * 1000,
        "p99 ms": times[len(times) * 99 // 100] * 1000,
    }
