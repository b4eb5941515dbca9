"""What a request got."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.allowance import Allowance
from llmsim.delivery import AT_ONCE, Delivery
from llmsim.made_ids import Marks
from llmsim.playback.line import ALONE, Line
from llmsim.playback.standing import Standing
from llmsim.reply import Failure, Reply
from llmsim.script import Turn
from llmsim.script.conditions import Difference
from llmsim.store.base import Claim


class Taken(NamedTuple):
    """A claimed position and what it plays.

    `turn` and its `turn_index` are None when the script is exhausted. `marks` make the answer's ids
    unique. `standing` says where the conversation stood, by history; `tried` which of its tries
    this was, None where the step had nothing to spend. `delivery` says how the answer leaves,
    `unmet` what the turn expected and did not find. `allowances` say what the limits leave of what
    they allow, `line` is where the turn stands.
    """

    claim: Claim
    turn_index: int | None
    turn: Turn | None
    outcome: Reply | Failure
    marks: Marks
    standing: Standing | None = None
    tried: int | None = None
    delivery: Delivery = AT_ONCE
    unmet: tuple[Difference, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    line: Line = ALONE
