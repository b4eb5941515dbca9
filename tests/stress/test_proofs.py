"""The proofs can fail: each finds the fault that it is there for."""

from __future__ import annotations

import pytest

from tests.stress.proofs import (
    Taken,
    assert_each_once,
    assert_generations_never_return,
    assert_in_order,
    assert_none_twice,
    lost,
)


def one_after_another(*places: tuple[int, int]) -> list[Taken]:
    """Claims of these generations and positions, each begun after the one before it ended."""
    return [Taken(10 * index, 10 * index + 5, *place) for index, place in enumerate(places)]


def test_a_faultless_run_passes_every_proof() -> None:
    taken = one_after_another((7, 0), (7, 1), (7, 2))
    assert_each_once(taken, 3)
    assert_in_order(taken)
    assert_generations_never_return(taken)
    assert lost(taken) == 0


def test_a_position_that_comes_twice_is_found() -> None:
    with pytest.raises(AssertionError, match="more than once"):
        assert_none_twice(one_after_another((7, 0), (7, 0)))


def test_the_same_position_of_another_generation_is_no_fault() -> None:
    assert_none_twice(one_after_another((7, 0), (8, 0)))


def test_a_lost_position_is_found() -> None:
    taken = one_after_another((7, 0), (7, 2))
    assert lost(taken) == 1
    with pytest.raises(AssertionError, match=r"lost: \[1\]"):
        assert_each_once(taken, 3)


def test_a_claim_that_got_a_lower_position_than_one_that_had_ended_is_found() -> None:
    with pytest.raises(AssertionError, match="ended before"):
        assert_in_order(one_after_another((7, 0), (7, 5), (7, 1), (7, 6)))


def test_claims_that_overlap_may_get_their_positions_either_way() -> None:
    assert_in_order([Taken(0, 100, 7, 1), Taken(50, 60, 7, 0)])


def test_a_generation_that_comes_back_is_found() -> None:
    with pytest.raises(AssertionError, match="came back"):
        assert_generations_never_return(one_after_another((7, 0), (8, 0), (7, 1)))


def test_two_generations_whose_claims_overlap_are_no_fault() -> None:
    assert_generations_never_return([Taken(0, 10, 7, 0), Taken(5, 40, 8, 0), Taken(20, 30, 7, 1)])
