"""What more workers bring, beside what they bring a bare WSGI application."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, ask_bare, bare_server, folder, llmsim_server

_COUNTS = [count for count in (1, 2, 4) if count <= max(2, os.cpu_count() or 1)]


class Workers(Benchmark):
    """See the module."""

    name = "workers"
    help = (
        "plain chat requests per second by the number of workers; as many as there are "
        "processors, and 2 at least"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            found = []
            for count in _COUNTS:
                llmsim = stack.enter_context(
                    llmsim_server(place, hello(place), LLMSIM_WORKERS=str(count))
                )
                bare = stack.enter_context(bare_server(place, str(count)))
                found.append(Variant(f"llmsim, {count}", partial(ask, llmsim, CHAT, tiny())))
                found.append(Variant(f"bare WSGI, {count}", partial(ask_bare, bare)))
            yield found

    def conclude(self, samples: Samples) -> list[Conclusion]:
        def growth(name: str, count: int) -> list[dict[str, float]]:
            few, many = samples[f"{name}, 1"], samples[f"{name}, {count}"]
            return [
                {"growth": more["requests/s"] / less["requests/s"]}
                for less, more in zip(few, many, strict=True)
            ]

        return [
            Conclusion(
                f"growth from 1 to {count} workers over that of bare WSGI",
                median_ratio(growth("llmsim", count), growth("bare WSGI", count), "growth"),
                least=0.9,
            )
            for count in _COUNTS[1:]
        ]
