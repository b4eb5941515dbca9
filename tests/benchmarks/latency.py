"""How long plain answers take at a rate that leaves room.

Beside them: a bare WSGI application at the same rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.benchmarks import h2load
from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import H2LOAD, WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import CONNECTIONS, ask, bare_server, folder, llmsim_server

_PART_OF_MOST = 0.5


class Latency(Benchmark):
    """See the module."""

    name = "latency"
    help = (
        "milliseconds that plain chat answers take at half of llmsim's greatest rate "
        f"({CONNECTIONS} connections)"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        H2LOAD.check()
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as llmsim,
            bare_server(place) as bare,
        ):
            rate = ask(llmsim, CHAT, tiny(), 2)["requests/s"] * _PART_OF_MOST
            yield [
                Variant(
                    name,
                    partial(
                        h2load.post_at_rate, server.origin + CHAT, tiny()[0], CONNECTIONS, rate
                    ),
                )
                for name, server in (("llmsim", llmsim), ("bare WSGI", bare))
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratio = median_ratio(samples["llmsim"], samples["bare WSGI"], "p99 ms")
        return [Conclusion("p99 of llmsim over that of bare WSGI", ratio, most=2)]
