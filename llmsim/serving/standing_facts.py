"""What an entry says of the order that chose a turn and, by history, of where that stood."""

from __future__ import annotations

from typing import Any

from llmsim.playback import Taken
from llmsim.script.order import ARRIVAL, HISTORY

_BY_ARRIVAL: dict[str, Any] = {
    "order": ARRIVAL,
    "step": None,
    "try": None,
    "conversation": None,
}
# Where no turn was taken.
BY_NONE: dict[str, Any] = dict.fromkeys(_BY_ARRIVAL)


def standing_facts(taken: Taken, conversation: str | None) -> dict[str, Any]:
    """Which order chose the turn and, by history, where the conversation stood."""
    standing = taken.standing
    if standing is None:
        return _BY_ARRIVAL
    facts = {
        "order": HISTORY,
        "step": standing.step,
        "try": taken.tried,
        "conversation": conversation,
    }
    if standing.foreign_steps:
        facts["foreign_steps"] = standing.foreign_steps
    made = standing.mark and standing.mark.made
    if made and not made.may_be_of(taken.marks[0]):
        facts["earlier_generation"] = True
    return facts
