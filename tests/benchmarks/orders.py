"""What the order by history costs beside that by arrival.

With a short history, and with one of 100 messages; for bodies that come again, which are read once,
and for those that do not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, HELLO, each_new
from tests.benchmarks.servers import ask, folder, llmsim_server

ORDERS = ("arrival", "history")
# Messages of the history, and how much of the rate by arrival should be left.
SIZES = {3: 0.95, 101: 0.9}
AGAIN, NEW = "the same body", "a new body each time"


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
                Variant(title(order, size, which), partial(ask, servers[order], CHAT, bodies))
                for size in SIZES
                for which, bodies in (
                    (AGAIN, [json.dumps(history(size))]),
                    (NEW, each_new(history(size))),
                )
                for order in ORDERS
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"requests/s by history over those by arrival, {size} messages, {which}",
                median_ratio(
                    samples[title("history", size, which)],
                    samples[title("arrival", size, which)],
                    "requests/s",
                ),
                least=least,
            )
            for size, least in SIZES.items()
            for which in (AGAIN, NEW)
        ]


def title(order: str, size: int, which: str) -> str:
    """The name of a variant."""
    return f"by {order}, {size} messages, {which}"


def script(place: Path, order: str) -> Path:
    """One short turn that comes again and again, under either order."""
    path = place / f"{order}.json"
    path.write_text(json.dumps({"order": order, "on_exhausted": "loop", "turns": [HELLO]}))
    return path


def history(size: int) -> dict[str, Any]:
    """A request with so many messages of a conversation, without an id: all have to be read."""
    answer = {"role": "assistant", "content": HELLO["text"]}
    messages = [
        answer if number % 2 else {"role": "user", "content": f"Message {number} of a user."}
        for number in range(size)
    ]
    return {"model": "llmsim", "messages": messages}
