"""The load generator for a given number of requests, or a given rate of them.

`h2load`, over HTTP/1.1.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.benchmark import BenchmarkError, Sample

_OK = "200"


def post_times(url: str, body: str, connections: int, times: int) -> None:
    """Post `body` to `url` so many times, as fast as it goes.

    Raises:
        BenchmarkError: a request failed.
    """
    _durations(url, body, connections, ["--requests", str(times)])


def post_at_rate(url: str, body: str, connections: int, rate: float, seconds: float) -> Sample:
    """Post `body` to `url`, `rate` times a second over all connections.

    How long answers took, and the rate that came of it.

    Raises:
        BenchmarkError: a request failed.
    """
    seconds = max(1, round(seconds))
    durations = _durations(
        url, body, connections, ["--rps", f"{rate / connections:.3f}", "--duration", str(seconds)]
    )
    cuts = statistics.quantiles(durations, n=100)
    return {"requests/s": len(durations) / seconds, "p50 ms": cuts[49], "p99 ms": cuts[98]}


def _durations(url: str, body: str, connections: int, options: Sequence[str]) -> list[float]:
    """How long each answer took, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="llmsim-h2load-") as name:
        log, data = Path(name) / "log", Path(name) / "body.json"
        data.write_text(body, "utf-8")
        command = [
            "h2load",
            "--h1",
            "--clients",
            str(connections),
            *options,
            "--data",
            str(data),
            "--log-file",
            str(log),
        ]
        run = subprocess.run(
            [*command, "--header", "content-type: application/json", url],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise BenchmarkError(f"h2load failed: {run.stderr or run.stdout}")
        # One line for each answer: when it was asked for, its status, and how many microseconds it
        # took.
        answers = [line.split("\t") for line in log.read_text("ascii").splitlines()]
    if failed := [status for _, status, _ in answers if status != _OK]:
        raise BenchmarkError(f"{len(failed)} of {len(answers)} requests to {url} failed")
    return [int(microseconds) / 1000 for _, _, microseconds in answers]
