"""The state in a Redis beside the state in files: claims, plain answers, and one to three hosts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median_ratio
from tests.benchmarks.programs import NGINX, REDIS, WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import CONNECTIONS, WORKERS, folder, llmsim_server, rewind
from tests.redis_server import RedisServer
from tests.running import Server
from tests.stress.hosts import nginx

HOSTS = (1, 2, 3)
PROGRAMS = (WRK, REDIS, NGINX)


class Stores(Benchmark):
    """See the module."""

    name = "stores"
    help = f"plain chat requests per second with files and with a Redis ({WORKERS} workers)"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        for program in PROGRAMS:
            program.check()
        with ExitStack() as stack:
            place, redis = stack.enter_context(folder()), stack.enter_context(a_redis())
            script = hello(place)
            servers = {
                "files": stack.enter_context(llmsim_server(place, script)),
                "Redis": stack.enter_context(
                    llmsim_server(place, script, LLMSIM_STORE=redis.socket_url)
                ),
            }
            yield [
                Variant(named(name, count), partial(ask_on_record, server, redis, count))
                for count in (CONNECTIONS, 1)
                for name, server in servers.items()
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"requests/s with Redis over those with files, {count} connections",
                median_ratio(
                    samples[named("Redis", count)], samples[named("files", count)], "requests/s"
                ),
                least=least,
            )
            for count, least in ((CONNECTIONS, 0.7), (1, None))
        ]


class Hosts(Benchmark):
    """See the module. All hosts are on one machine: it shows what sharing costs, and no more."""

    name = "hosts"
    help = "plain chat requests per second over nginx from 1 to 3 hosts of one worker and one Redis"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        for program in PROGRAMS:
            program.check()
        with ExitStack() as stack:
            place, redis = stack.enter_context(folder()), stack.enter_context(a_redis())
            script = hello(place)
            servers = [
                stack.enter_context(
                    llmsim_server(place, script, LLMSIM_STORE=redis.socket_url, LLMSIM_WORKERS="1")
                )
                for _ in HOSTS
            ]
            variants = []
            for count in HOSTS:
                own = place / str(count)
                own.mkdir()
                origins = [server.origin for server in servers[:count]]
                origin = stack.enter_context(nginx(own, origins))
                name = "1 host" if count == 1 else f"{count} hosts"
                variants.append(Variant(name, partial(ask, servers[0], origin, CONNECTIONS)))
            yield variants

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratio = median_ratio(samples["2 hosts"], samples["1 host"], "requests/s")
        return [Conclusion("growth from one host to two", ratio)]


@contextmanager
def a_redis() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis-") as name, RedisServer(Path(name)) as server:
        yield server


def named(store: str, connections: int) -> str:
    return f"{store}, {connections} connection{'s' * (connections > 1)}"


def cpu_seconds(redis: RedisServer) -> float:
    """What Redis has used."""
    with redis.client() as client:
        used = client.info("cpu")
    return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])


def ask_on_record(server: Server, redis: RedisServer, connections: int, seconds: float) -> Sample:
    """What wrk measures, and the CPU time of an answer."""
    workers = [psutil.Process(pid) for pid in server.worker_pids()]

    def used() -> tuple[float, float]:
        return sum(sum(worker.cpu_times()[:2]) for worker in workers), cpu_seconds(redis)

    before = used()
    sample = ask(server, server.origin, connections, seconds)
    answers = sample["requests/s"] * seconds
    own, in_redis = (
        (after - earlier) / answers * 1e6 for after, earlier in zip(used(), before, strict=True)
    )
    return {**sample, "us in the workers": own, "us in Redis": in_redis}


def ask(server: Server, origin: str, connections: int, seconds: float) -> Sample:
    """What wrk measures at `origin`; the journal of `server` is empty at the beginning."""
    rewind(server)
    return wrk.post(origin + CHAT, tiny(), connections, seconds)
