"""What a script does when its turns are used up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llmsim.script.rules import one_of

DEFAULT = "repeat_last"

# Word -> index of the turn that answers at `position`, a position past the last of `turns` turns;
# None where no turn does.
ON_EXHAUSTED: Mapping[str, Callable[[int, int], int | None]] = {
    "repeat_last": lambda _position, turns: turns - 1,
    "error": lambda _position, _turns: None,
    "loop": lambda position, turns: position % turns,
}


def times_served(word: str, place: int, turns: int, turn: int | None) -> int:
    """How many of the first `place` requests get that turn of `turns` turns; None is no turn."""
    if word == "loop":
        rounds, rest = divmod(place, turns)
        return 0 if turn is None else rounds + (turn < rest)
    beyond = max(place - turns, 0)
    again = beyond if ON_EXHAUSTED[word](turns, turns) == turn else 0
    return again + (turn is not None and turn < place)


an_on_exhausted = one_of("on_exhausted", ON_EXHAUSTED)
