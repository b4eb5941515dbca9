"""How often each turn was served: exact over all workers, whatever the journal has dropped.

By arrival a line's place says it. By history each claim adds to a counter of the turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xxhash import xxh3_128_digest

from llmsim.playback.line import Line
from llmsim.playback.steps import Steps
from llmsim.script import Script
from llmsim.script.exhausted import times_served
from llmsim.script.turns import type_of
from llmsim.store.base import Store


class Served(NamedTuple):
    """How often a turn was served; `step` is None where the line plays by arrival."""

    turn: int
    step: int | None
    type: str
    served: int


class Funnel(NamedTuple):
    """A part of a line of turns, and how many requests came after its end and found no turn."""

    rows: list[Served]
    exhausted: int


def served_key(line: Line, turn: int | None) -> bytes:
    """The key that counts how often a turn was served by history; None is no turn."""
    return xxh3_128_digest(b"served %b %b" % (line.place, str(turn).encode("ascii")))


def funnel_of(store: Store, session: str, line: Line, script: Script, turns: range) -> Funnel:
    """How often these turns of a session's line were served. `script` has the line's turns."""
    counted = _by_history if script.by_history else _by_arrival
    *served, exhausted = counted(store, session, line, script, turns)
    steps = Steps(script) if script.by_history else None
    rows = [
        Served(turn, steps.of_turn(turn) if steps else None, type_of(script.turns[turn]), count)
        for turn, count in zip(turns, served, strict=True)
    ]
    return Funnel(rows, exhausted)


def _by_history(
    store: Store, session: str, line: Line, _script: Script, turns: range
) -> Sequence[int]:
    return store.counts(session, [served_key(line, turn) for turn in (*turns, None)])


def _by_arrival(
    store: Store, session: str, line: Line, script: Script, turns: range
) -> Sequence[int]:
    (place,) = store.counts(session, [line.place])
    word, total = script.on_exhausted, len(script)
    return [times_served(word, place, total, turn) for turn in (*turns, None)]
