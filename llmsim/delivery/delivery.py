"""`Delivery`: what the keys of a turn ask of the way in which its answer leaves."""

from __future__ import annotations

from typing import Final, NamedTuple

from llmsim.script import Latency, Turn


class Delivery(NamedTuple):
    """How an answer leaves. A key of every turn that says something of it has a field here."""

    latency: Latency | None = None


AT_ONCE: Final = Delivery()
"""Nothing is asked for: the answer leaves as it is, and its delivery costs nothing."""


def delivery_of(turn: Turn) -> Delivery:
    """The delivery of a turn's answer."""
    if turn.latency is None:
        return AT_ONCE
    return Delivery(turn.latency)
