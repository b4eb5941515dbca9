"""`python -m tests.benchmarks`: measures, prints tables, and writes JSON where asked to."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from llmsim.registry import unknown
from tests.benchmarks.apis import Apis
from tests.benchmarks.benchmark import Benchmark, BenchmarkError, Sample
from tests.benchmarks.chat import Chat
from tests.benchmarks.claims import Claims
from tests.benchmarks.fast_worker import FastWorker
from tests.benchmarks.journal import Journal
from tests.benchmarks.latency import Latency
from tests.benchmarks.many import Many
from tests.benchmarks.memory import Memory
from tests.benchmarks.metrics import Metrics
from tests.benchmarks.mixes import Mixes
from tests.benchmarks.newcomers import Newcomers
from tests.benchmarks.orders import Orders
from tests.benchmarks.paced import Paced
from tests.benchmarks.prompts import Prompts
from tests.benchmarks.protocol import Protocol
from tests.benchmarks.redis_claims import RedisClaims
from tests.benchmarks.redis_hosts import Hosts, Stores
from tests.benchmarks.report import Result, document, table
from tests.benchmarks.sessions import Sessions
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.slow_readers import SlowReaders
from tests.benchmarks.start import Start
from tests.benchmarks.stop import Stop
from tests.benchmarks.streams import Streams
from tests.benchmarks.swaps import Swaps
from tests.benchmarks.system_prompts import SystemPrompts
from tests.benchmarks.workers import Workers

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in [
        Claims(),
        Chat(),
        FastWorker(),
        Newcomers(),
        Apis(),
        Streams(),
        SlowReaders(),
        Paced(),
        Prompts(),
        Protocol(),
        SystemPrompts(),
        Orders(),
        Latency(),
        Sessions(),
        Many(),
        Mixes(),
        Sizes(),
        Swaps(),
        Journal(),
        Metrics(),
        Start(),
        Stop(),
        Memory(),
        Workers(),
        Stores(),
        RedisClaims(),
        Hosts(),
    ]
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status. A goal that is missed is shown, and is no failure.

    The machine may be the reason.
    """
    options = _parser().parse_args(arguments)
    results = []
    for name in options.names or BENCHMARKS:
        try:
            results.append(measure(BENCHMARKS[name], options.rounds, options.seconds))
        except BenchmarkError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        print(table(results[-1]) + "\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(document(results), indent=1) + "\n", "utf-8")
    return 0


def measure(benchmark: Benchmark, rounds: int, seconds: float) -> Result:
    """Every variant once, unmeasured, to warm up; then all of them in turn, round by round."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    with benchmark.variants() as variants:
        for number in range(rounds + 1):
            for variant in variants:
                step = f"round {number} of {rounds}" if number else "warming up"
                print(f"{benchmark.name}: {step}: {variant.name}", file=sys.stderr, flush=True)
                sample = variant.run(seconds if number else min(seconds, 1))
                if number:
                    samples[variant.name].append(sample)
    return Result(benchmark.name, benchmark.help, dict(samples), benchmark.conclude(samples))


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:8} {benchmark.help}" for name, benchmark in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks",
        description=f"Measure llmsim on this machine.\n\nbenchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        type=_known,
        metavar="NAME",
        help="which benchmarks to run; all of them by default",
    )
    parser.add_argument(
        "--rounds",
        type=_at_least_one,
        default=5,
        help="how often each variant is measured (%(default)s)",
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="how long each measurement takes (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE")
    return parser


def _known(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(unknown("benchmark", name, BENCHMARKS))
    return name


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one round is needed")
    return number


if __name__ == "__main__":
    sys.exit(main())
