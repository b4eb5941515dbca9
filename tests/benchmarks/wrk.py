"""The load generator: `wrk`, which is fast enough not to be what is measured."""

from __future__ import annotations

import json
import signal
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


def whole(seconds: float) -> int:
    """The whole seconds that are meant: `wrk` is given no others."""
    return max(1, round(seconds))


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

    Whole seconds, or a part of one, which is a second where nothing was answered so soon.

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
        f"{whole(seconds)}s",
        "--script",
        str(_SCRIPT),
        url,
    ]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="llmsim-bodies-") as lines:
        lines.writelines(f"{body}\n" for body in bodies)
        lines.flush()
        arguments = [lines.name] if sessions is None else [lines.name, str(sessions)]
        result = _run([*command, "--", *arguments], seconds)
        if seconds < 1 and not result["requests"]:
            result = _run([*command, "--", *arguments], 1)
    if result["errors"] or not result["requests"]:
        raise BenchmarkError(f"{result['errors']} of {result['requests']} requests to {url} failed")
    return {
        "requests/s": result["requests"] / result["seconds"],
        "p50 ms": result["p50_ms"],
        "p99 ms": result["p99_ms"],
    }


def _run(command: Sequence[str], seconds: float) -> dict[str, float]:
    """What `wrk` printed; told to stop, it sums up what it has until then."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, errors = process.communicate(timeout=seconds if seconds < 1 else None)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate()
    if process.returncode:
        raise BenchmarkError(f"wrk failed: {errors or out}")
    return dict(json.loads(out.splitlines()[-1]))
