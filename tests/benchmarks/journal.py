"""What the journal costs: plain chat completions over HTTP with each of its modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, folder, llmsim_server

MODES = ("off", "meta", "full")


class Journal(Benchmark):
    """See the module."""

    name = "journal"
    help = "plain chat requests per second by the journal's mode"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            servers = {
                mode: stack.enter_context(llmsim_server(place, hello(place), LLMSIM_JOURNAL=mode))
                for mode in MODES
            }
            yield [
                Variant(mode, partial(ask, server, CHAT, tiny()))
                for mode, server in servers.items()
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratios = {
            mode: median_ratio(samples[mode], samples["off"], "requests/s") for mode in MODES[1:]
        }
        return [
            Conclusion(f"requests/s with {mode} over those with off", ratio)
            for mode, ratio in ratios.items()
        ]
