"""Plain answers of the other APIs beside plain chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, MESSAGES, RESPONSES, hello, tiny
from tests.benchmarks.servers import ask, folder, llmsim_server

_PATHS = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}


class Apis(Benchmark):
    """See the module."""

    name = "apis"
    help = "plain requests per second by API"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, llmsim_server(place, hello(place)) as server:
            yield [
                Variant(name, partial(ask, server, path, tiny(path)))
                for name, path in _PATHS.items()
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratios = {
            name: median_ratio(samples[name], samples["chat"], "requests/s")
            for name in ("responses", "messages")
        }
        return [
            Conclusion(f"requests/s of {name} over those of chat", ratio, least=0.9)
            for name, ratio in ratios.items()
        ]
