"""What tracks and folders of scripts cost beside one script, over 1,000 sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, HELLO, tiny
from tests.benchmarks.servers import CONNECTIONS, folder, llmsim_server
from tests.running import Server

SESSIONS = 1_000
SCRIPTS = 10
ONE, TRACKS = "one script", "one script, the last of 4 tracks"
GLOBS, WEIGHTS = f"{SCRIPTS} scripts by glob", f"{SCRIPTS} scripts by weight"
# How much of the rate with one script should be left.
LEAST = {TRACKS: 0.9, GLOBS: 0.95, WEIGHTS: 0.95}


class Mixes(Benchmark):
    """See the module."""

    name = "mixes"
    help = f"plain chat requests per second in {SESSIONS:,} sessions, with one script and several"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            servers = {
                title: stack.enter_context(llmsim_server(place, path))
                for title, path in written(place).items()
            }
            yield [Variant(title, partial(ask_all, server)) for title, server in servers.items()]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"requests/s of {title} over {ONE}",
                median_ratio(samples[title], samples[ONE], "requests/s"),
                least=least,
            )
            for title, least in LEAST.items()
        ]


def written(place: Path) -> dict[str, Path]:
    """What each variant plays."""
    tracks = [
        {"name": f"t{number}", "when": {"model": model}, "turns": [HELLO]}
        for number, model in enumerate(("a", "b", "c", "*"))
    ]
    single, tracked = place / "one.json", place / "tracks.json"
    single.write_text(json.dumps(script()))
    tracked.write_text(json.dumps(script(tracks=tracks)))
    # Names of sessions end in a digit, which each of the globs takes one of.
    globs = {str(digit): script(when={"session": f"*{digit}"}) for digit in range(SCRIPTS)}
    weights = {str(digit): script(weight=1) for digit in range(SCRIPTS)}
    return {
        ONE: single,
        TRACKS: tracked,
        GLOBS: _folder(place / "globs", globs),
        WEIGHTS: _folder(place / "weights", weights),
    }


def script(**keys: Any) -> dict[str, Any]:
    """One short turn that comes again and again."""
    return {"on_exhausted": "loop", "turns": [HELLO], **keys}


def ask_all(server: Server, seconds: float) -> Sample:
    """Ask in each of the sessions in turn."""
    return wrk.post(server.origin + CHAT, tiny(), CONNECTIONS, seconds, SESSIONS)


def _folder(path: Path, scripts: Mapping[str, dict[str, Any]]) -> Path:
    path.mkdir()
    for name, spec in scripts.items():
        (path / f"{name}.json").write_text(json.dumps(spec))
    return path
