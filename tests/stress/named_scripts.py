"""Scripts whose every text says which script it is of and which turn.

So an answer that mixes two is found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.running import text
from tests.stress.clients import Answer


def named(name: str, turns: int) -> list[dict[str, Any]]:
    """So many turns of the script `name`."""
    return [text(f"{name} {index}") for index in range(turns)]


def names_by_generation(answers: Iterable[Answer], turns: int) -> dict[int, str]:
    """Which script each generation played, in a loop over so many turns.

    Fails where one played two, or a text is not that of its position.
    """
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        name, _, index = str(answer.text).rpartition(" ")
        assert int(index) == answer.taken.position % turns, (
            f"the text is not that of its position: {answer}"
        )
        found[answer.taken.generation][name] += 1
    mixed = {generation: names for generation, names in found.items() if len(names) > 1}
    assert not mixed, f"generations that played two scripts: {mixed}"
    return {generation: next(iter(names)) for generation, names in found.items()}
