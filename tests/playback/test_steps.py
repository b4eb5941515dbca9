"""The steps of a script: turns that leave a trace, each with those before it that leave none."""

from __future__ import annotations

import pytest

from llmsim import Assistant, Error, RateLimit, Script, Timeout
from llmsim.playback.steps import Step, Steps

A, B = Assistant("a"), Assistant("b")
E, F = Error(RateLimit()), Error(Timeout())


def steps(*turns: Assistant | Error, on_exhausted: str = "repeat_last") -> Steps:
    return Steps(Script(turns, on_exhausted))


def test_errors_belong_to_the_step_of_the_turn_behind_them() -> None:
    found = steps(E, A, E, F, B)
    assert [found.at(number) for number in range(2)] == [Step((0,), 1), Step((2, 3), 4)]


def test_each_turn_belongs_to_a_step() -> None:
    found = steps(E, A, B, E, F)
    assert [found.of_turn(index) for index in range(5)] == [0, 0, 1, 2, 2]


def test_a_step_gives_each_error_once_and_then_its_turn_for_good() -> None:
    step = steps(E, F, A).at(0)
    assert [step.pick(tried) for tried in range(5)] == [0, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("on_exhausted", "beyond"),
    [
        ("repeat_last", [Step((), 2), Step((), 2)]),
        ("error", [Step((), None), Step((), None)]),
        ("loop", [Step((), 0), Step((1,), 2)]),
    ],
)
def test_beyond_the_last_step_on_exhausted_applies_by_step(
    on_exhausted: str, beyond: list[Step]
) -> None:
    found = steps(A, E, B, on_exhausted=on_exhausted)
    assert [found.at(number) for number in (2, 3)] == beyond


@pytest.mark.parametrize(
    ("on_exhausted", "at_the_end"),
    [("repeat_last", Step((1, 2), 2)), ("error", Step((1, 2), None)), ("loop", Step((1, 2), 0))],
)
def test_errors_after_the_last_answer_come_once_before_what_on_exhausted_says(
    on_exhausted: str, at_the_end: Step
) -> None:
    found = steps(A, E, F, on_exhausted=on_exhausted)
    assert found.at(1) == at_the_end
    if on_exhausted != "loop":
        assert found.at(2) == Step((), at_the_end.turn)


def test_in_a_loop_the_errors_at_the_end_stand_before_those_at_the_start() -> None:
    found = steps(E, A, F, on_exhausted="loop")
    assert [found.at(number) for number in (0, 1, 2)] == [
        Step((0,), 1),
        Step((2, 0), 1),
        Step((2, 0), 1),
    ]


@pytest.mark.parametrize(
    ("on_exhausted", "played"),
    [("repeat_last", [0, 1, 1, 1]), ("error", [0, 1, None, None]), ("loop", [0, 1, 1, 1])],
)
def test_a_script_of_errors_alone_has_one_step(on_exhausted: str, played: list[int | None]) -> None:
    step = steps(E, F, on_exhausted=on_exhausted).at(0)
    assert [step.pick(tried) for tried in range(4)] == played


def test_in_a_loop_of_errors_alone_none_comes_twice_as_often_as_another() -> None:
    assert steps(E, F, on_exhausted="loop").at(0) == Step((0,), 1)
