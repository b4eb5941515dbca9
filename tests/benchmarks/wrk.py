"""The load generator: `wrk`, which is fast enough not to be what is measured."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks.benchmark import BenchmarkError, Sample

_SCRIPT = Path(__file__).parent / "wrk_post.lua"


def session(number: int) -> str:
    """The session that `post` calls by that number."""
    return f"session-{number}"


TRACED: Final = "traced"


def post(
    url: str,
    bodies: Sequence[str],
    connections: int,
    seconds: float,
    sessions: int | str | None = None,
) -> Sample:
    """Post JSON to `url` again and again over so many connections.

    Each body comes in turn, to each of so many sessions in turn; `TRACED` in their place gives each
    request a header of its own.

    Whole seconds, one at least.

    Raises:
        BenchmarkError: a request failed, so that the figures would mean nothing.
    """
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{max(1, round(seconds))}s",
        "--script",
        str(_SCRIPT),
        url,
    ]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="llmsim-bodies-") as lines:
        lines.writelines(f"{body}\n" for body in bodies)
        lines.flush()
        arguments = [lines.name] if sessions is None else [lines.name, str(sessions)]
        run = subprocess.run(
            [*command, "--", *arguments], capture_output=True, text=True, check=False
        )
    if run.returncode:
        raise BenchmarkError(f"wrk failed: {run.stderr or run.stdout}")
    result = json.loads(run.stdout.splitlines()[-1])
    if result["errors"] or not result["requests"]:
        raise BenchmarkError(f"{result['errors']} of {result['requests']} requests to {url} failed")
    return {
        "requests/s": result["requests"] / result["seconds"],
        "p50 ms": result["p50_ms"],
        "p99 ms": result["p99_ms"],
    }
