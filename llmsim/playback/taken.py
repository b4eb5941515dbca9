"""What a request got."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.allowance import Allowance
from llmsim.delivery import AT_ONCE, Delivery
from llmsim.playback.standing import Standing
from llmsim.reply import Failure, Reply
from llmsim.script import Turn
from llmsim.script.conditions import Difference
from llmsim.store.base import Claim


def serial_of(marks: tuple[str, ...]) -> str:
    """What makes the made call ids of an answer unique: see `Turn.play`.

    A position, and by history `<six hex digits of the generation>_<position>_<track>_<step>`: the
    APIs take ids of 40 characters.
    """
    generation, *rest = marks
    return rest[0] if len(rest) == 1 else "_".join((generation[:6], *rest))


class Taken(NamedTuple):
    """A claimed position and what it plays.

    `turn` and its `turn_index` are None when the script is exhausted. `marks` make the
    answer's ids unique: generation and position and, by history, track and step. `standing` says
    where the conversation stood, by history; `tried` which of its tries this was, None where the
    step had nothing to spend. `delivery` says how the answer leaves, `unmet` what the turn expected
    and did not find. `allowances` say what the limits leave of what they allow.
    """

    claim: Claim
    turn_index: int | None
    turn: Turn | None
    outcome: Reply | Failure
    marks: tuple[str, ...]
    standing: Standing | None = None
    tried: int | None = None
    delivery: Delivery = AT_ONCE
    unmet: tuple[Difference, ...] = ()
    allowances: tuple[Allowance, ...] = ()
