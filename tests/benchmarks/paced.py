"""Streams that are paced like a model's: whether they keep their times when many run at once.

Beside them: a bare WSGI application that does nothing but to wait and to write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median
from tests.benchmarks.paced_app import TBT, TTFT
from tests.benchmarks.paced_client import SPREAD, measure
from tests.benchmarks.requests import CHAT, tiny
from tests.benchmarks.servers import bare_server, folder, llmsim_server
from tests.running import Server, text, write_script

LATENCY = {
    "ttft_mean_ms": TTFT * 1000,
    "ttft_stddev_ms": 0,
    "tbt_mean_ms": TBT * 1000,
    "tbt_stddev_ms": 0,
}
FEW, MANY = 1_000, 2_000


class Paced(Benchmark):
    """See the module. However short it is to be, all streams run together for three seconds."""

    name = "paced"
    help = f"{FEW:,} and {MANY:,} streams of 25 tokens a second at once, and how late they are"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place, bare_server(place, app="paced_app") as bare:
            yield [
                variant
                for streams in (FEW, MANY)
                for variant in (
                    Variant(f"llmsim, {streams:,}", partial(of_llmsim, place, streams)),
                    Variant(f"floor, {streams:,}", partial(of_floor, bare, streams)),
                )
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        few, many = samples[f"llmsim, {FEW:,}"], samples[f"llmsim, {MANY:,}"]
        return [
            Conclusion(
                f"p99 of {FEW:,} streams, over nominal", median(few, "duration p99"), most=1.05
            ),
            Conclusion(
                f"p99 of {FEW:,} first tokens, ms late", median(few, "TTFT p99 late ms"), most=30
            ),
            Conclusion(
                f"p99 of {MANY:,} streams, over nominal", median(many, "duration p99"), most=1.3
            ),
            Conclusion("KB for each stream", median(few, "KB a stream"), most=100),
        ]


def chunks_in(seconds: float) -> int:
    """How many chunks a stream has that lasts at least so long, after all have begun."""
    return round((max(seconds, 2) + SPREAD) / TBT)


def of_floor(server: Server, streams: int, seconds: float) -> Sample:
    """Streams of the bare application."""
    chunks = chunks_in(seconds)
    return _watched(server, f"{server.origin}/?chunks={chunks}", streams, chunks)


def of_llmsim(place: Path, streams: int, seconds: float) -> Sample:
    """Streams of a server of their own."""
    chunks = chunks_in(seconds)
    script = write_script(place / "paced.json", text(" word" * chunks) | {"latency": LATENCY})
    with llmsim_server(place, script) as server:
        # On each worker, the first two streams of a turn are rendered for themselves.
        measure(server.origin + CHAT, tiny(stream=True)[0], 16, chunks)
        return _watched(server, server.origin + CHAT, streams, chunks)


def _watched(server: Server, url: str, streams: int, chunks: int) -> Sample:
    """What is measured, and what the workers took more of their own while the streams ran."""
    before, used = _memory(server), _processor(server)
    seen, ended = [before], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            seen.append(_memory(server))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        sample = measure(url, tiny(stream=True)[0], streams, chunks)
    finally:
        ended.set()
        watching.join()
    used = _processor(server) - used
    return {
        **sample,
        "KB a stream": (max(seen) - before) / 1024 / streams,
        "CPU us a chunk": used * 1e6 / (streams * chunks),
    }


def _memory(server: Server) -> int:
    """The resident memory of the workers, in bytes. To ask for what is their own stops them."""
    return sum(psutil.Process(pid).memory_info().rss for pid in server.worker_pids())


def _processor(server: Server) -> float:
    """The seconds of processor time that the workers have used."""
    used = [psutil.Process(pid).cpu_times() for pid in server.worker_pids()]
    return sum(times.user + times.system for times in used)
