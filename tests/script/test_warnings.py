"""What loads and is probably not meant."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.script import (
    Assistant,
    BadArguments,
    Call,
    Echo,
    Mixed,
    Script,
    ToolCalls,
    Track,
    Usage,
    When,
)


def calls(*made: Call) -> ToolCalls:
    return ToolCalls(made)


X = Call("a", id="x")


def track(name: str, **conditions: Any) -> Track:
    return Track(name, When(**conditions), [Assistant("x")])


CASES = {
    "a track that an earlier one leaves nothing to": (
        Script(
            [],
            tracks=[
                track("tools", has_tools=True),
                track("other", has_tools=False, model="m"),
                track("late", model="m", has_tools=True),
            ],
        ),
        ["$.tracks[2].when: no request comes here: the track 'tools' takes all of them before"],
    ),
    "bad arguments of no call": (
        Script(
            [Assistant("x", fault=BadArguments()), ToolCalls([Call("a")], fault=BadArguments())]
        ),
        ["$.turns[0].fault: the turn has no calls whose arguments could be bad"],
    ),
    "an id that a track repeats": (
        Script([calls(X), Assistant("end")], tracks=[Track("t", When(model="m"), [calls(X)])]),
        ["$.tracks[0].turns[0].calls[0].id: the call id 'x' is also that of $.turns[0].calls[0]"],
    ),
    "counts in a track": (
        Script([], tracks=[Track("t", When(model="m"), [Assistant("", usage=Usage(1, 1, 2))])]),
        [
            "$.tracks[0].turns[0].usage.reasoning_tokens: 2 is more than the 1 completion_tokens "
            "that it is a part of"
        ],
    ),
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
    "more of a part than of the whole": (
        Script(
            [
                Assistant("", usage=Usage(5, 7, 8, 6)),
                Assistant("", usage=Usage(prompt_tokens=0, cached_tokens=1)),
                Assistant("", usage=Usage(5, 7, 7, 5)),
                Assistant("", usage=Usage(cached_tokens=9, reasoning_tokens=9)),
            ]
        ),
        [
            "$.turns[0].usage.cached_tokens: 6 is more than the 5 prompt_tokens that it is a part "
            "of",
            "$.turns[0].usage.reasoning_tokens: 8 is more than the 7 completion_tokens that it is "
            "a part of",
            "$.turns[1].usage.cached_tokens: 1 is more than the 0 prompt_tokens that it is a part "
            "of",
        ],
    ),
    "an end by calls without a call": (
        Script(
            [
                Assistant("", finish_reason="tool_calls"),
                ToolCalls([Call("a")], finish_reason="tool_calls"),
                Echo(finish_reason="stop"),
            ]
        ),
        [
            "$.turns[0].finish_reason: the turn has no calls, and a client that is told of calls "
            "waits for them"
        ],
    ),
    "an id as llmsim makes them": (
        Script([calls(Call("a", id="call_llmsim_1_0"), Call("a")), Assistant("end")]),
        [
            "$.turns[0].calls[0].id: the call id 'call_llmsim_1_0' may meet one that llmsim makes: "
            "those begin with 'call_llmsim_'"
        ],
    ),
    "$value beside other keys": (
        Script([calls(Call("a", {"b": [{"$value": "last", "c": 1}, {"$value": "last"}]}))]),
        [
            "$.turns[0].calls[0].arguments.b[0][\"$value\"]: '$value' stands for a value only "
            "where it is the one key of its object",
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


def test_with_the_text_a_warning_has_its_place_in_it() -> None:
    text = """{"turns": [
  {"type": "assistant", "text": "x", "finish_reason": "tool_calls"},
  {"type": "tool_calls", "calls": [{"name": "a", "id": "x", "arguments": "[]"}],
   "usage": {"prompt_tokens": 1, "cached_tokens": 2}}]}"""
    script = Script.from_json(text)
    assert [(each.path, each.line, each.column) for each in script.warnings(text)] == [
        ("$.turns[0].finish_reason", 2, 55),
        ("$.turns[1].usage.cached_tokens", 4, 51),
        ("$.turns[1].calls[0].arguments", 3, 74),
        ("$.turns[1].calls[0].id", 3, 56),
    ]
    assert [each.path for each in script.warnings()] == [
        each.path for each in script.warnings(text)
    ]
    assert not any(each.line for each in script.warnings())
