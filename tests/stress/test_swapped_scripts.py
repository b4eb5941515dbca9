"""Sessions that are given other scripts while they serve.

Position and script belong together, from the moment that the control call returned.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.running import numbered, write_script
from tests.stress.clients import Answer, Crowd, ask_once
from tests.stress.control import Rewound, control_of
from tests.stress.hosts import started
from tests.stress.named_scripts import names_by_generation
from tests.stress.proofs import (
    assert_generations_never_return,
    assert_in_order,
    assert_none_twice,
    lost,
)

TURNS = 50
SWAPS = 9


def assert_swaps_are_seen_at_once(answers: Sequence[Answer], swaps: Sequence[Rewound]) -> None:
    """A request that began after a swap had returned got its generation or a later one.

    One that had ended before it began, an earlier one.
    """
    numbers = {swap.generation: number for number, swap in enumerate(swaps)}
    begins, ends = [swap.began for swap in swaps], [swap.ended for swap in swaps]
    for answer in answers:
        number = numbers[answer.taken.generation]
        assert number >= bisect_left(ends, answer.taken.began) - 1, (
            f"a script that had been replaced: {answer}"
        )
        assert number < bisect_left(begins, answer.taken.ended), (
            f"a script that was not there yet: {answer}"
        )


@pytest.mark.parametrize("where", ["gevent", "gthread", "three hosts"])
def test_a_swapped_script_plays_from_the_moment_that_the_call_returned_and_never_mixes(
    tmp_path: Path, where: str
) -> None:
    default = write_script(tmp_path / "script.json", *numbered(1))
    with (
        started(where, tmp_path, default) as server,
        control_of(server.origin, TURNS) as control,
    ):
        untouched = control.put_script("bystander", "untouched")
        swaps = [control.put_script("swapped", "script 0")]
        crowd = Crowd(lambda: server.origin, sessions=("swapped", "bystander"))
        with crowd.running():
            for number in range(1, SWAPS):
                crowd.wait_for(
                    20 if number % 3 else 0
                )  # now and then two swaps with nothing between them
                swaps.append(control.put_script("swapped", f"script {number}"))
                after = ask_once(server.origin, "swapped")
                assert after.taken.generation == swaps[-1].generation
                crowd.add(after)
        journal = control.journal("swapped")
    assert crowd.failures == 0
    swapped = [answer for answer in crowd.answers if answer.session == "swapped"]
    names = names_by_generation(crowd.answers, TURNS)
    assert names == {swap.generation: swap.script for swap in [untouched, *swaps]}
    assert_swaps_are_seen_at_once(swapped, swaps)
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) == 0
    assert_in_order(crowd.taken)
    assert_generations_never_return([answer.taken for answer in swapped])
    last = sorted(
        answer.taken.position
        for answer in swapped
        if answer.taken.generation == swaps[-1].generation
    )
    assert sorted(entry["position"] for entry in journal) == last
