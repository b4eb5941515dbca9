"""What loads and is probably not meant."""

from __future__ import annotations

import pytest

from llmsim.script import Assistant, Call, Mixed, Script, ToolCalls


def calls(*made: Call) -> ToolCalls:
    return ToolCalls(made)


X = Call("a", id="x")

CASES = {
    "an id in two turns": (
        Script([calls(X), Mixed("", [Call("b"), X]), Assistant("end")]),
        ["$.turns[1].calls[1].id: the call id 'x' is also that of $.turns[0].calls[0]"],
    ),
    "an id twice in one turn": (
        Script([calls(X, X), Assistant("end")]),
        ["$.turns[0].calls[1].id: the call id 'x' is also that of $.turns[0].calls[0]"],
    ),
    "an id in the last turn, which is repeated": (
        Script([Assistant("begin"), calls(X)]),
        [
            (
                "$.turns[1].calls[0].id: the call id 'x' goes out again whenever the turn does: "
                "on_exhausted is 'repeat_last'"
            )
        ],
    ),
    "an id anywhere in a loop": (
        Script([Mixed("", [X]), Assistant("end")], "loop"),
        [
            (
                "$.turns[0].calls[0].id: the call id 'x' goes out again whenever the turn does: "
                "on_exhausted is 'loop'"
            )
        ],
    ),
    "an id in the last turn before an error": (Script([Assistant("begin"), calls(X)], "error"), []),
    "an id in a turn that is served once": (Script([calls(X), Assistant("end")]), []),
    "a generated id in a loop": (Script([calls(Call("a"))], "loop"), []),
    "an object that was encoded twice": (
        Script([calls(Call("a"), Call("a", ' {"k": 1}'))]),
        [
            (
                "$.turns[0].calls[1].arguments: the arguments are a string that holds an object "
                "as JSON; write an object, without the quotes"
            )
        ],
    ),
    "an array that was encoded twice": (
        Script([calls(Call("a", "[]"))]),
        [
            (
                "$.turns[0].calls[0].arguments: the arguments are a string that holds an array "
                "as JSON; write an array, without the quotes"
            )
        ],
    ),
    "a string": (
        Script(
            [calls(Call("a", "ls"), Call("a", "5"), Call("a", "{x}"), Call("a", "[" * 100_000))]
        ),
        [],
    ),
}


@pytest.mark.parametrize(("script", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_probably_not_meant_is_named_with_its_path(
    script: Script, expected: list[str]
) -> None:
    assert [f"{problem.path}: {problem.message}" for problem in script.warnings()] == expected
