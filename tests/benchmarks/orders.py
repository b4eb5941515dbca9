"""What the order by history costs beside that by arrival.

With a short history, and with one of 100 messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, HELLO
from tests.benchmarks.servers import ask, folder, llmsim_server

ORDERS = ("arrival", "history")
# Messages of the history, and how much of the rate by arrival should be left.
SIZES = {3: 0.95, 101: 0.9}


class Orders(Benchmark):
    """See the module."""

    name = "orders"
    help = "plain chat requests per second played by history, beside those played by arrival"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            servers = {
                order: stack.enter_context(llmsim_server(place, script(place, order)))
                for order in ORDERS
            }
            yield [
                Variant(title(order, size), partial(ask, servers[order], CHAT, [history(size)]))
                for size in SIZES
                for order in ORDERS
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"requests/s by history over those by arrival, {size} messages",
                median_ratio(
                    samples[title("history", size)], samples[title("arrival", size)], "requests/s"
                ),
                least=least,
            )
            for size, least in SIZES.items()
        ]


def title(order: str, size: int) -> str:
    """The name of a variant."""
    return f"by {order}, {size} messages"


def script(place: Path, order: str) -> Path:
    """One short turn that comes again and again, under either order."""
    path = place / f"{order}.json"
    path.write_text(json.dumps({"order": order, "on_exhausted": "loop", "turns": [HELLO]}))
    return path


def history(size: int) -> str:
    """A request whose history holds so many messages, without an id: all of it has to be read."""
    messages = [
        {"role": ("user", "assistant")[number % 2], "content": f"Message {number} of an agent."}
        for number in range(size)
    ]
    return json.dumps({"model": "llmsim", "messages": messages})
