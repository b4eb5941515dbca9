"""How fast processes claim from one store, with nothing around it."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from llmsim.store.base import DEFAULT_SESSION
from llmsim.store.mmap_store import MmapStore
from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median

PROCESSES = (1, 2, 4)
_BUCKET_NS = 50
_MICROSECOND_NS = 1_000
_fork = multiprocessing.get_context("fork")


class Claims(Benchmark):
    """See the module."""

    name = "claims"
    help = "claims per second from one store and what a claim takes, by the number of processes"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with tempfile.TemporaryDirectory(prefix="llmsim-benchmark-") as directory:
            MmapStore.create_in(Path(directory), max_sessions=10).publish(b"{}")
            yield [
                Variant(
                    f"{count} processes" if count > 1 else "1 process",
                    partial(measure, Path(directory), count),
                )
                for count in PROCESSES
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                "p50 of a claim with 4 processes, us",
                median(samples["4 processes"], "p50 us"),
                most=5,
            )
        ]


def measure(directory: Path, processes: int, seconds: float) -> Sample:
    """Let so many processes claim for `seconds`, all at once."""
    results: Any = _fork.SimpleQueue()
    start = _fork.Barrier(processes)
    started = [
        _fork.Process(target=_claim, args=(directory, seconds, start, results))
        for _ in range(processes)
    ]
    for process in started:
        process.start()
    buckets: Counter[int] = sum((results.get() for _ in started), Counter())
    for process in started:
        process.join()
    return {
        "claims/s": buckets.total() / seconds,
        "p50 us": _percentile(buckets, 0.5),
        "p99 us": _percentile(buckets, 0.99),
    }


def _claim(directory: Path, seconds: float, start: Any, results: Any) -> None:
    """In a child: claim, and count how many claims took how long, in buckets of `_BUCKET_NS`."""
    store, clock = MmapStore(directory), time.perf_counter_ns
    store.claim(DEFAULT_SESSION)
    buckets: Counter[int] = Counter()
    start.wait()
    before = clock()
    end = before + int(seconds * 1e9)
    while before < end:
        store.claim(DEFAULT_SESSION)
        after = clock()
        buckets[(after - before) // _BUCKET_NS] += 1
        before = clock()
    results.put(buckets)


def _percentile(buckets: Counter[int], part: float) -> float:
    """In microseconds: the upper edge of the bucket that holds it."""
    left = buckets.total() * part
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 0:
            return (bucket + 1) * _BUCKET_NS / _MICROSECOND_NS
    raise AssertionError("unreachable: the parts add up to the whole")
