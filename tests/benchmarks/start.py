"""How long a server takes from its start to its first answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from llmsim.testing import serve
from tests.benchmarks.benchmark import (
    Benchmark,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median,
    median_ratio,
)
from tests.benchmarks.requests import CHAT, HELLO, tiny
from tests.benchmarks.servers import bare_server, folder, llmsim_server
from tests.running import PATIENCE, text, write_script

TURNS = 20_000
_LONG = f"{TURNS:,} turns"
_SERVE = "llmsim.serve"
_BARE = "bare application on gunicorn"


class Start(Benchmark):
    """See the module. How many seconds are to be measured changes nothing here."""

    name = "start"
    help = (
        "seconds from start to first answer, with a script of one turn and with one of "
        f"{TURNS:,} turns and 12 MB, and as a test starts it, beside a bare application"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place:
            short = write_script(place / "short.json", HELLO)
            long = write_script(
                place / "long.json",
                *(text(f"{number}: ".ljust(600, "x")) for number in range(TURNS)),
            )
            yield [
                Variant("1 turn", partial(measure, place, short)),
                Variant(_LONG, partial(measure, place, long)),
                Variant(_SERVE, partial(measure_serve, short)),
                Variant(_BARE, partial(measure_bare, place)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"seconds to the first answer, {_LONG}", median(samples[_LONG], "seconds"), most=3
            ),
            Conclusion(
                f"seconds to the first answer, {_SERVE}",
                median(samples[_SERVE], "seconds"),
                most=1,
            ),
            Conclusion(
                f"{_SERVE} over {_BARE}", median_ratio(samples[_SERVE], samples[_BARE], "seconds")
            ),
        ]


def measure(place: Path, script: Path, _: float) -> Sample:
    """Start a server, ask it once, and stop it."""
    started = time.perf_counter()
    with llmsim_server(place, script) as server:
        return _asked(server.origin + CHAT, started)


def measure_serve(script: Path, _: float) -> Sample:
    """The same as a test does it."""
    started = time.perf_counter()
    with serve(script) as sim:
        return _asked(f"{sim.openai_base_url}/chat/completions", started)


def measure_bare(folder: Path, _: float) -> Sample:
    """The same of an application that does nothing."""
    started = time.perf_counter()
    with bare_server(folder) as server:
        return _asked(server.origin, started)


def _asked(url: str, started: float) -> Sample:
    httpx.post(url, content=tiny()[0], timeout=PATIENCE).raise_for_status()
    return {"seconds": time.perf_counter() - started}
