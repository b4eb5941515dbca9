"""JSON that is no script: what is said, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmsim.errors import ScriptEmptyError, ScriptInvalidError, ScriptParseError
from llmsim.script import Script
from tests.each import for_each
from tests.script.samples import INVALID, KINDS, REPLYING, VALID


@for_each(("text", "problems"), INVALID)
def test_every_problem_names_its_place_and_what_was_expected(text: str, problems: str) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_json(text, "s")
    assert str(caught.value) == f"s:{problems}"


@for_each(("text", "problems"), INVALID)
def test_a_dictionary_is_checked_alike_and_has_paths_without_lines(
    text: str, problems: str
) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_spec(json.loads(text), "s")
    assert str(caught.value).splitlines() == [
        f"s: {problem.partition(' ')[2]}" for problem in problems.splitlines()
    ]


def test_all_problems_are_reported_at_once_in_the_order_of_the_text() -> None:
    text = """{
  "turns": [
    {"text": 1, "colour": "red", "type": "assistant"},
    {"type": "assistant", "text": "fine"},
    {"type": "tool_calls", "calls": [{"id": "", "name": 2}, {"name": "fine"}, 3]},
    {"kind": "othr", "type": "error"},
    7
  ],
  "on_exhausted": false
}"""
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_json(text, "s.json")
    assert str(caught.value).splitlines() == [
        "s.json:3:14: $.turns[0].text: expected a string, got a number",
        (
            "s.json:3:17: $.turns[0].colour: unknown key 'colour'; expected one of 'type', "
            f"'text', {REPLYING}"
        ),
        "s.json:5:45: $.turns[2].calls[0].id: expected a string that is not empty",
        "s.json:5:57: $.turns[2].calls[0].name: expected a string, got a number",
        "s.json:5:79: $.turns[2].calls[2]: expected an object, got a number",
        "s.json:6:14: $.turns[3].kind: unknown error kind 'othr'; expected one of "
        f"{KINDS}; did you mean 'other'?",
        "s.json:7:5: $.turns[4]: expected an object, got a number",
        "s.json:9:19: $.on_exhausted: expected a string, got a boolean",
    ]


def test_problems_of_a_dictionary_come_in_its_order() -> None:
    spec = {
        "on_exhausted": 1,
        "zeta": 2,
        "turns": [{"b": 1, "a": 2, "type": "assistant", "text": 3}],
        "alpha": 4,
    }
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_spec(spec)
    assert [problem.path for problem in caught.value.problems] == [
        "$.on_exhausted",
        "$.zeta",
        "$.turns[0].b",
        "$.turns[0].a",
        "$.turns[0].text",
        "$.alpha",
    ]


def test_columns_count_characters_also_behind_escapes_and_wide_letters() -> None:
    text = '{"turns": [{"type": "assistant", "te\\u0078t": "🏰 \\"}] é", "x": 1}]}'
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_json(text)
    assert (caught.value.problems[0].path, caught.value.problems[0].column) == (
        "$.turns[0].x",
        text.index('"x"') + 1,
    )


@pytest.mark.parametrize("text", ['{"turns": []}', '{"turns": [], "on_exhausted": "lop"}'])
def test_a_script_without_turns_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(ScriptEmptyError) as caught:
        Script.from_json(text)
    assert (
        caught.value.problems[0].path,
        caught.value.problems[0].line,
        caught.value.problems[0].column,
    ) == ("$.turns", 1, 11)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('{"type": "assistant", "text": 1}', "expected a string, got a number"),
        ('{"type": "assistant", "text": "x", "id": 1}', "unknown key 'id'"),
    ],
)
def test_at_most_a_hundred_problems_are_listed_and_then_their_number(
    wrong: str, message: str
) -> None:
    text = '{"turns": [' + ",\n".join([wrong] * 5_000) + "]}"
    for load in (Script.from_json, lambda text, source: Script.from_spec(json.loads(text), source)):
        with pytest.raises(ScriptInvalidError) as caught:
            load(text, "s")
        assert (len(caught.value.problems), caught.value.found) == (100, 5_000)
        *listed, last = str(caught.value).splitlines()
        assert len(listed) == 100
        assert all(message in line for line in listed)
        assert "$.turns[99]" in listed[-1]
        assert last == "s: 5,000 problems in all; the first 100 are listed"


def test_a_hundred_problems_are_all_there_are() -> None:
    text = '{"turns": [' + ",".join(["1"] * 100) + "]}"
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_json(text)
    assert len(str(caught.value).splitlines()) == 100


def test_duplicate_keys_are_problems_of_which_a_hundred_are_listed() -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json("[" + '{"a": 1, "a": 2},' * 300 + "1]")
    assert (len(caught.value.problems), caught.value.found) == (100, 300)


def test_keys_that_are_no_strings_are_unknown_keys() -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_spec(json.loads(VALID["the least"]) | {None: 1, 5: 2})
    assert [problem.path for problem in caught.value.problems] == ["$[None]", "$[5]"]


@pytest.mark.parametrize(
    "arguments",
    [(1, 2), {"a": (1,)}, {1: 2}, {"a": {1, 2}}, float("nan"), {"a": float("inf")}, b"x", 10**5000],
    ids=[
        "a tuple",
        "a tuple inside",
        "a number as key",
        "a set",
        "NaN",
        "infinity",
        "bytes",
        "a very long integer",
    ],
)
def test_arguments_of_a_dictionary_must_be_json(arguments: Any) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_spec(
            {"turns": [{"type": "tool_calls", "calls": [{"name": "a", "arguments": arguments}]}]}
        )
    (problem,) = caught.value.problems
    assert problem.path == "$.turns[0].calls[0].arguments"
    assert problem.message.startswith("expected a JSON value: ")


def test_arguments_that_hold_themselves_are_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ScriptInvalidError):
        Script.from_spec(
            {"turns": [{"type": "tool_calls", "calls": [{"name": "a", "arguments": loop}]}]}
        )
