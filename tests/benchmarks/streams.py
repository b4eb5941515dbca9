"""Streams without delay.

Short ones beside plain answers, and long ones beside a bare WSGI application that sends one small
answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, ask_bare, bare_server, folder, llmsim_server
from tests.running import text, write_script

CHUNKS = 400
# Five times what the fastest peer did on a machine on which bare WSGI did 15,500 requests/s.
_LONG_OVER_BARE = 4_000 / 15_500


class Streams(Benchmark):
    """See the module."""

    name = "streams"
    help = f"chat streams per second, short and of {CHUNKS} chunks"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as short,
            llmsim_server(place, long_script(place)) as long,
            bare_server(place) as bare,
        ):
            yield [
                Variant("plain", partial(ask, short, CHAT, tiny())),
                Variant("short stream", partial(ask, short, CHAT, tiny(stream=True))),
                Variant("long stream", partial(ask, long, CHAT, tiny(stream=True))),
                Variant("bare WSGI", partial(ask_bare, bare)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        short = median_ratio(samples["short stream"], samples["plain"], "requests/s")
        long = median_ratio(samples["long stream"], samples["bare WSGI"], "requests/s")
        return [
            Conclusion("short streams/s over plain requests/s", short, least=0.85),
            Conclusion(
                f"streams/s of {CHUNKS} chunks over requests/s of bare WSGI",
                long,
                least=_LONG_OVER_BARE,
            ),
        ]


def long_script(folder: Path) -> Path:
    """A script of one turn of `CHUNKS` chunks.

    The first one, the last one, `[DONE]`, and a word in each of the others.
    """
    return write_script(folder / "long.json", text(" word" * (CHUNKS - 3)))
