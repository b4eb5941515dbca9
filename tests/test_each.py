"""A test over many cases tries them all, and names each that fails."""

from __future__ import annotations

import pytest

from tests.each import for_each


def test_every_case_is_tried_and_each_that_fails_is_named() -> None:
    tried = []

    @for_each("number", [1, 2, 3])
    def joined(number: int) -> None:
        tried.append(number)
        assert number == 2, "not two"

    with pytest.raises(ExceptionGroup, match="2 of 3 cases failed") as caught:
        joined()
    assert tried == [1, 2, 3]
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["case: number = 1"],
        ["case: number = 3"],
    ]


def test_twice_on_a_test_it_tries_every_combination() -> None:
    tried = []

    @for_each("letter", "ab")
    @for_each(("number", "word"), {"first": (1, "one"), "second": (2, "two")})
    def joined(letter: str, number: int, word: str) -> None:
        tried.append((letter, number, word))
        if (letter, number) == ("b", 2):
            pytest.fail("the last")

    with pytest.raises(BaseExceptionGroup) as caught:
        joined()
    assert tried == [("a", 1, "one"), ("a", 2, "two"), ("b", 1, "one"), ("b", 2, "two")]
    (outer,) = caught.value.exceptions
    assert outer.__notes__ == ["case: letter = b"]
    assert isinstance(outer, BaseExceptionGroup)
    (inner,) = outer.exceptions
    assert inner.__notes__ == ["case: number, word = second"]


@pytest.mark.parametrize("letter", ["a", "b"])
@for_each("number", [1, 2])
def test_fixtures_and_other_parameters_are_pytest_s(
    letter: str, number: int, request: pytest.FixtureRequest
) -> None:
    assert request.node.name.endswith(f"[{letter}]")
    assert number in (1, 2)


def test_no_case_is_an_error() -> None:
    with pytest.raises(AssertionError, match="no case of number"):
        for_each("number", [])
