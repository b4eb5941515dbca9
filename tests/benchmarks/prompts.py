"""What a long prompt costs.

An agent's history, which it sends whole with each turn and which grows by a kilobyte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import ask, folder, llmsim_server

KILOBYTES = 100
_AGENTS = 8
_TURNS = 16


class Prompts(Benchmark):
    """See the module."""

    name = "prompts"
    help = (
        f"plain chat requests per second with a prompt of {KILOBYTES} KB in messages of 1 KB, "
        "beside a tiny one"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, llmsim_server(place, hello(place)) as server:
            yield [
                Variant("tiny prompt", partial(ask, server, CHAT, tiny())),
                Variant(
                    f"{KILOBYTES} KB",
                    partial(
                        ask,
                        server,
                        CHAT,
                        growing(),
                    ),
                ),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratio = median_ratio(samples[f"{KILOBYTES} KB"], samples["tiny prompt"], "requests/s")
        return [
            Conclusion(
                f"requests/s with {KILOBYTES} KB over those with a tiny prompt", ratio, least=0.25
            )
        ]


def growing() -> Sequence[str]:
    """What several agents send, turn by turn."""
    return [body(agent, turn) for turn in range(_TURNS) for agent in range(_AGENTS)]


def body(agent: int, turn: int) -> str:
    """What an agent sends at one of its turns.

    A system text of its own, and messages that are the same in all of its turns.
    """
    system = {"role": "system", "content": f"You are agent {agent}."}
    return json.dumps(
        {
            "model": "llmsim",
            "messages": [
                system,
                *(_message(agent, number) for number in range(KILOBYTES - _TURNS // 2 + turn)),
            ],
        }
    )


def _message(agent: int, number: int) -> dict[str, str]:
    words = (
        f"Step {number} of agent {agent}: the file was read, the tests were run, and this is "
        "what they printed. "
    )
    return {"role": ("user", "assistant")[number % 2], "content": (words * 20)[:970]}
