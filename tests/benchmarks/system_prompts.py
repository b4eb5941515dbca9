"""What the system prompt of a coding agent costs, which comes whole with each request."""

from __future__ import annotations

import json
import random
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, folder, llmsim_server

# Of 40 KB each, they are more than the workers remember the counts of.
NEW = 2_000
_TINY = "tiny prompt"
_VARIANTS = {
    "the same 40 KB": (40_000, 1, 0.6),
    "40 KB, new each time": (40_000, NEW, 0.35),
    "the same 300 KB": (300_000, 1, 0.2),
}
"""By name: characters, how many prompts come in turn, and the least ratio."""


class SystemPrompts(Benchmark):
    """See the module."""

    name = "system_prompts"
    help = "plain chat requests per second with a long system prompt, beside a tiny one"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, llmsim_server(place, hello(place)) as server:
            yield [
                Variant(_TINY, partial(ask, server, CHAT, tiny())),
                *(
                    Variant(name, partial(ask, server, CHAT, bodies(characters, count)))
                    for name, (characters, count, _) in _VARIANTS.items()
                ),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"requests/s with {name}, over those with a tiny prompt",
                median_ratio(samples[name], samples[_TINY], "requests/s"),
                least=least,
            )
            for name, (_, _, least) in _VARIANTS.items()
        ]


def bodies(characters: int, count: int) -> Sequence[str]:
    """So many requests, each with another part of Python's library as its system prompt."""
    library = "".join(
        path.read_text("utf-8")
        for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-t]*.py"))
    )
    chance = random.Random(count)
    places = (chance.randrange(len(library) - characters) for _ in range(count))
    return [body(library[place : place + characters]) for place in places]


def body(system: str) -> str:
    """A request with that system prompt."""
    user = {"role": "user", "content": "Hi"}
    messages = [{"role": "system", "content": system}, user]
    return json.dumps({"model": "llmsim", "messages": messages})
