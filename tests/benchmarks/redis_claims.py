"""How fast processes claim from one Redis: one by one, and sixteen at a time as a worker does.

And the CPU time that it takes of each.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.benchmarks.benchmark import Benchmark, Sample, Variant
from tests.benchmarks.programs import REDIS
from tests.benchmarks.redis_hosts import a_redis, cpu_seconds
from tests.redis_server import RedisServer

PROCESSES = (1, 2)
_AT_ONCE = (1, 16)
_fork = multiprocessing.get_context("fork")


class RedisClaims(Benchmark):
    """See the module."""

    name = "redis-claims"
    help = "claims from one Redis, by processes and by claims that are under way in each"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        REDIS.check()
        with a_redis() as redis:
            redis.store().publish(b"{}")
            yield [
                Variant(
                    f"{count} process{'es' * (count > 1)}, {at_once} at once",
                    partial(measure, redis, count, at_once),
                )
                for count in PROCESSES
                for at_once in _AT_ONCE
            ]


def measure(redis: RedisServer, processes: int, at_once: int, seconds: float) -> Sample:
    """Let so many processes claim for `seconds`."""
    results: Any = _fork.SimpleQueue()
    start = _fork.Barrier(processes)
    started = [
        _fork.Process(target=_claim, args=(redis, at_once, seconds, start, results))
        for _ in range(processes)
    ]
    before = cpu_seconds(redis)
    for process in started:
        process.start()
    claims, own = map(sum, zip(*(results.get() for _ in started), strict=True))
    for process in started:
        process.join()
    return {
        "claims/s": claims / seconds,
        "us in the worker": own / claims * 1e6,
        "us in Redis": (cpu_seconds(redis) - before) / claims * 1e6,
    }


def _claim(redis: RedisServer, at_once: int, seconds: float, start: Any, results: Any) -> None:
    """In a child, which gevent changes as it does a worker."""
    from gevent import monkey

    monkey.patch_all()
    from gevent.pool import Pool

    store = redis.store()
    store.claim("s")
    start.wait()
    before = time.process_time()
    end = time.perf_counter() + seconds

    def work(_: int) -> int:
        count = 0
        while time.perf_counter() < end:
            store.claim("s", store.look("s"))
            count += 1
        return count

    claims = sum(Pool(at_once).map(work, range(at_once)))
    results.put((claims, time.process_time() - before))
