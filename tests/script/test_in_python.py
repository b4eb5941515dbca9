"""Scripts built in Python are checked as strictly as files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from llmsim.errors import ScriptEmptyError, ScriptInvalidError
from llmsim.script import (
    Assistant,
    Call,
    Echo,
    Error,
    InvalidRequest,
    Latency,
    Lorem,
    Mixed,
    Other,
    RateLimit,
    Refusal,
    Script,
    Timeout,
    ToolCalls,
    Usage,
)
from tests.each import for_each


def given(make: Callable[..., object], *values: Any, **named: Any) -> Callable[[], object]:
    """A call with values that no type checker would let through."""
    return lambda: make(*values, **named)


WRONG = {
    "a text that is a number": (given(Assistant, 5), "$.text: expected a string, got a number"),
    "a text that is None": (
        given(Mixed, None, [Call("a")]),
        "$.text: expected a string, got null",
    ),
    "no call": (given(ToolCalls, []), "$.calls: a turn that calls tools needs at least one call"),
    "a call instead of calls": (
        given(ToolCalls, Call("a")),
        "$.calls: expected a list or tuple of Call, got Call",
    ),
    "a dictionary as call": (
        given(Mixed, "", [Call("a"), {}]),
        "$.calls[1]: expected a Call, got an object",
    ),
    "an empty name": (given(Call, ""), "$.name: expected a string that is not empty"),
    "a name that is None": (given(Call, None), "$.name: expected a string, got null"),
    "an empty id": (given(Call, "a", id=""), "$.id: expected a string that is not empty"),
    "an id that is a number": (given(Call, "a", id=7), "$.id: expected a string, got a number"),
    "a tuple": (
        given(Call, "a", (1,)),
        "$.arguments: expected a JSON value: no tuple, and no key that is not a string",
    ),
    "a number as key": (
        given(Call, "a", {1: 1}),
        "$.arguments: expected a JSON value: no tuple, and no key that is not a string",
    ),
    "bytes": (
        given(Call, "a", b""),
        "$.arguments: expected a JSON value: Object of type bytes is not JSON serializable",
    ),
    "a kind's class": (
        given(Error, RateLimit),
        "$.kind: expected an error kind such as RateLimit(), got ABCMeta",
    ),
    "a kind's name": (
        given(Error, "timeout"),
        "$.kind: expected an error kind such as RateLimit(), got a string",
    ),
    "a header that is the server's": (
        given(RateLimit, headers={"Content-LENGTH": "5"}),
        "$.headers: the header 'Content-LENGTH' is the server's own",
    ),
    "a header that proves the order": (
        given(RateLimit, headers={"X-LLMSIM-Position": "5"}),
        "$.headers: the header 'X-LLMSIM-Position' is the server's own",
    ),
    "a latency that is a word": (
        given(Assistant, "x", latency="gpt5"),
        "$.latency: expected a Latency, got a string",
    ),
    "a latency of an error that is a word": (
        given(Error, RateLimit(), latency="gpt5"),
        "$.latency: expected a Latency, got a string",
    ),
    "a latency below zero": (
        given(Latency, ttft_mean_ms=-1),
        "$.ttft_mean_ms: expected a number from 0 to 3600000, got -1",
    ),
    "a latency that is no number": (
        given(Latency, tbt_mean_ms=float("nan")),
        "$.tbt_mean_ms: expected a number from 0 to 3600000, got nan",
    ),
    "a message that is None": (given(RateLimit, None), "$.message: expected a string, got null"),
    "a timeout message that is None": (
        given(Timeout, None),
        "$.message: expected a string, got null",
    ),
    "a message that is a number": (
        given(InvalidRequest, 1),
        "$.message: expected a string, got a number",
    ),
    "another message that is a number": (
        given(Other, 1),
        "$.message: expected a string, got a number",
    ),
    "a status that is a string": (
        given(Other, "m", "502"),
        "$.status_code: expected an integer from 400 to 599, got a string",
    ),
    "a status of 200": (
        given(Other, "m", 200),
        "$.status_code: expected an integer from 400 to 599, got 200",
    ),
    "a status that is True": (
        given(Other, "m", True),
        "$.status_code: expected an integer from 400 to 599, got a boolean",
    ),
    "a refusal of None": (given(Refusal, None), "$.text: expected a string, got null"),
    "a prefix of None": (given(Echo, None), "$.prefix: expected a string, got null"),
    "a lorem of no tokens": (
        given(Lorem, 0),
        "$.tokens: expected an integer from 1 to 100000, got 0",
    ),
    "a lorem of too many tokens": (
        given(Lorem, 100_001),
        "$.tokens: expected an integer from 1 to 100000, got 100001",
    ),
    "a lorem of half a token": (given(Lorem, 0.5), "$.tokens: expected an integer, got a number"),
    "a lorem of True": (given(Lorem, True), "$.tokens: expected an integer, got a boolean"),
    "a lorem of None": (given(Lorem, None), "$.tokens: expected an integer, got null"),
    "a seed of None": (given(Lorem, 5, None), "$.seed: expected an integer, got null"),
    "a seed that is a word": (given(Lorem, 5, "x"), "$.seed: expected an integer, got a string"),
    "a figure below zero": (
        given(Usage, prompt_tokens=-1),
        "$.prompt_tokens: expected an integer from 0 up, got -1",
    ),
    "a figure that is a string": (
        given(Usage, completion_tokens="1"),
        "$.completion_tokens: expected an integer, got a string",
    ),
    "a figure that is a float": (
        given(Usage, reasoning_tokens=1.0),
        "$.reasoning_tokens: expected an integer, got a number",
    ),
    "a figure that is True": (
        given(Usage, cached_tokens=True),
        "$.cached_tokens: expected an integer, got a boolean",
    ),
    "no turn": (given(Script, []), "$.turns: a script needs at least one turn"),
    "a turn instead of turns": (
        given(Script, Assistant("x")),
        "$.turns: expected a list or tuple of turns, got Assistant",
    ),
    "a dictionary as turn": (
        given(Script, [Assistant("x"), {}]),
        "$.turns[1]: expected a turn, got an object",
    ),
    "an unknown end": (
        given(Script, [Assistant("x")], "lop"),
        (
            "$.on_exhausted: unknown on_exhausted 'lop'; expected one of 'repeat_last', 'error', "
            "'loop'; did you mean 'loop'?"
        ),
    ),
    "an end that is None": (
        given(Script, [Assistant("x")], None),
        "$.on_exhausted: expected a string, got null",
    ),
}

# What every turn takes in which the model answers, and each such turn made with it.
MAKERS = {
    "assistant": lambda **more: Assistant("x", **more),
    "tool_calls": lambda **more: ToolCalls([Call("a")], **more),
    "mixed": lambda **more: Mixed("x", [Call("a")], **more),
    "refusal": lambda **more: Refusal("x", **more),
    "echo": Echo,
    "lorem": lambda **more: Lorem(5, **more),
}
WRONG_EXTRAS = [
    ({"reasoning": 5}, "$.reasoning: expected a string, got a number"),
    ({"reasoning": ["x"]}, "$.reasoning: expected a string, got an array"),
    (
        {"finish_reason": "end_turn"},
        (
            "$.finish_reason: unknown finish reason 'end_turn'; expected one of 'stop', "
            "'tool_calls', 'length', 'content_filter'; did you mean 'stop'?"
        ),
    ),
    (
        {"finish_reason": ""},
        (
            "$.finish_reason: unknown finish reason ''; expected one of 'stop', 'tool_calls', "
            "'length', 'content_filter'"
        ),
    ),
    ({"finish_reason": 1}, "$.finish_reason: expected a string, got a number"),
    ({"usage": {"prompt_tokens": 1}}, "$.usage: expected a Usage, got an object"),
    ({"usage": 5}, "$.usage: expected a Usage, got a number"),
    ({"usage": Usage}, "$.usage: expected a Usage, got type"),
]


@for_each("make", MAKERS)
@for_each(("extra", "problem"), WRONG_EXTRAS)
def test_what_every_replying_turn_takes_is_checked_on_each(
    make: Callable[..., Any], extra: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        make(**extra)
    assert str(caught.value) == f"<code>: {problem}"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_what_every_replying_turn_takes_is_given_by_name_and_may_be_none(
    make: Callable[..., Any],
) -> None:
    assert make(reasoning=None, finish_reason=None, usage=None) == make()
    assert make(reasoning="") != make()


@for_each(("make", "problem"), WRONG)
def test_a_wrong_value_is_refused_where_it_is_passed(
    make: Callable[..., Any], problem: str
) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        make()
    assert str(caught.value) == f"<code>: {problem}"


def test_a_script_without_turns_is_an_error_of_its_own() -> None:
    with pytest.raises(ScriptEmptyError):
        Script(())


def test_every_wrong_turn_is_named() -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        given(Script, [1, Assistant("x"), Assistant])()
    assert [problem.path for problem in caught.value.problems] == ["$.turns[0]", "$.turns[2]"]


def test_lists_are_kept_as_tuples() -> None:
    call = Call("a")
    assert Script([ToolCalls([call]), Mixed("", [call])]).turns == (
        ToolCalls((call,)),
        Mixed("", (call,)),
    )
    assert isinstance(Script([ToolCalls([call])]).turns, tuple)
    assert isinstance(ToolCalls([call]).calls, tuple)


def test_arguments_do_not_follow_later_changes_of_what_was_passed() -> None:
    arguments = {"k": [1]}
    call = Call("a", arguments)
    arguments["k"].append(2)
    assert (call.arguments, call.arguments_json) == ({"k": [1]}, '{"k":[1]}')


def test_a_call_without_arguments_has_an_object_of_its_own() -> None:
    assert Call("a").arguments == {}
    assert Call("a").arguments is not Call("a").arguments


@pytest.mark.parametrize(
    ("thing", "field"),
    [(Assistant("x"), "text"), (Call("a"), "name"), (Script([Assistant("x")]), "turns")],
)
def test_nothing_can_be_changed(thing: object, field: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, field, "y")


def test_turns_print_as_they_are_written() -> None:
    thoughtful = [
        Refusal("x", reasoning="r"),
        Echo("p", finish_reason="length"),
        Lorem(5, 6, usage=Usage(prompt_tokens=1)),
    ]
    script = Script([Mixed("x", [Call("a", {"k": 1})]), Error(Other("m")), *thoughtful])
    made = (Call, Echo, Error, Lorem, Mixed, Other, Refusal, Script, Usage)
    names = {each.__name__: each for each in made}
    assert eval(repr(script), names) == script


def test_equal_scripts_have_equal_hashes() -> None:
    assert (
        len(
            {
                Script([ToolCalls([Call("a", {"k": []})])]),
                Script([ToolCalls([Call("a", {"k": []})])]),
            }
        )
        == 1
    )
