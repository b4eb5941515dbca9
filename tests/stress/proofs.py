"""What must hold for positions that were handed out.

Checked from outside, with nothing but the answers and a monotonic clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Taken(NamedTuple):
    """A position that somebody was given.

    Times are `time.monotonic_ns()` of this machine, before it was asked for and after it was had.
    """

    began: int
    ended: int
    generation: int
    position: int


def assert_each_once(taken: Iterable[Taken], count: int) -> None:
    """Positions 0 to `count` - 1 were each given once, in one generation, and no other."""
    taken = list(taken)
    assert_none_twice(taken)
    assert len({one.generation for one in taken}) == 1
    positions = {one.position for one in taken}
    assert positions == set(range(count)), (
        f"lost: {sorted(set(range(count)) - positions)}, of nobody: "
        f"{sorted(positions - set(range(count)))}"
    )


def assert_none_twice(taken: Iterable[Taken]) -> None:
    """Within a generation, nobody was given a position that somebody else has."""
    times = Counter((one.generation, one.position) for one in taken)
    twice = [place for place, number in times.items() if number > 1]
    assert not twice, f"{len(twice)} positions were given more than once, such as {twice[:5]}"


def lost(taken: Iterable[Taken]) -> int:
    """How many positions below the highest one of their generation were given to nobody."""
    generations = by_generation(taken).values()
    return sum(
        max(one.position for one in own) + 1 - len({one.position for one in own})
        for own in generations
    )


def assert_in_order(taken: Iterable[Taken]) -> None:
    """Within a generation, whoever had a position before another asked has the lower one."""
    for own in by_generation(taken).values():
        falling = sorted(own, key=lambda one: one.position, reverse=True)
        # The first to end among the higher positions must not have done so before this one began.
        first = falling[0]
        for higher, lower in pairwise(falling):
            first = min(first, higher, key=lambda one: one.ended)
            assert first.ended >= lower.began, f"{first} ended before {lower} began"


def assert_generations_never_return(taken: Sequence[Taken]) -> None:
    """Once a later claim was of another generation, this generation is over.

    Later: it began and ended after one of this generation had ended.
    """
    in_time = sorted(taken, key=lambda one: one.began)
    beginnings = [one.began for one in in_time]
    for generation, own in by_generation(taken).items():
        early, late = min(one.ended for one in own), max(one.began for one in own)
        for other in in_time[bisect_right(beginnings, early) : bisect_left(beginnings, late)]:
            assert other.generation == generation or other.ended >= late, (
                f"generation {generation:x} came back after {other}"
            )


def by_generation(taken: Iterable[Taken]) -> dict[int, list[Taken]]:
    found: dict[int, list[Taken]] = defaultdict(list)
    for one in taken:
        found[one.generation].append(one)
    return found
