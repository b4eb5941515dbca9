"""A list of turns: what may be in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmsim.errors import Problem, ScriptInvalidError
from llmsim.script.rules import SOURCE, expected, require
from llmsim.script.turns import TURN_TYPES, Turn

NO_TURN = "a script needs at least one turn"

_CLASSES = frozenset(schema.makes for schema in TURN_TYPES.values())


class CheckedTurns(Sequence[Turn]):
    """Turns of a script that was checked before: a script takes them as they are."""


def checked_turns(turns: Any) -> Sequence[Turn]:
    """`turns` as a tuple, or as they are where they were checked before.

    Raises:
        ScriptInvalidError: it is no list or tuple, or holds something else than a turn.
    """
    if isinstance(turns, CheckedTurns):
        return turns
    is_list = isinstance(turns, list | tuple)
    require("turns", None if is_list else expected("a list or tuple of turns", turns))
    wrong = [
        Problem(expected("a turn", turn), f"$.turns[{index}]")
        for index, turn in enumerate(turns)
        if type(turn) not in _CLASSES
    ]
    if wrong:
        raise ScriptInvalidError(SOURCE, wrong)
    return tuple(turns)
