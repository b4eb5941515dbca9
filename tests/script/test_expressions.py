"""Expressions: what is wrong with one, and what it finds."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.script.expressions import WORDS, an_expression, look_up, same_json, seen_in


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("results[-1", "not a JMESPath expression: Incomplete expression, at character 11"),
        ("foo bar", "not a JMESPath expression: Unexpected token: bar, at character 5"),
        ("", "not a JMESPath expression: cannot be empty."),
        ("a.'b", "not a JMESPath expression: Unclosed ' delimiter, at character 3"),
        ("(" * 5000, "not a JMESPath expression: it is nested too deeply"),
        (7, "expected a string, got a number"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong_and_where(expression: Any, words: str) -> None:
    assert an_expression(expression) == words


@pytest.mark.parametrize("expression", ["lenght(a)", "a.b[?lenght(@) > `1`]", "map(&lenght(@), a)"])
def test_an_unknown_function_is_found_wherever_it_stands(expression: str) -> None:
    said = an_expression(expression) or ""
    assert said.startswith("unknown JMESPath function 'lenght'; expected one of 'abs', ")
    assert said.endswith("did you mean 'length'?")


@pytest.mark.parametrize(
    "expression",
    [
        "body",
        "results[-1].json.id",
        "length(results)",
        "first || 'b'",
        "body.items[?price > `5`].{name: name, tags: tags[0]} | [0]",
        "sort_by(body.items, &price)[*].name",
        "results[].json.*.id",
        "body.items[1:]",
        "@.model",
        "`7`",
    ],
)
def test_a_right_expression_passes(expression: str) -> None:
    assert an_expression(expression) is None


@pytest.mark.parametrize(
    "expression",
    ["result", "result[0].json.id", "length(result)", "body.a || result", "{a: result}"],
)
def test_an_unknown_word_is_found_wherever_the_request_is_looked_at(expression: str) -> None:
    assert an_expression(expression) == (
        "unknown word 'result'; expected one of 'model', 'system', 'first', 'last', 'results', "
        "'body'; did you mean 'results'?"
    )


def test_an_expression_looks_at_the_request_in_neutral_words() -> None:
    messages = (
        Message("system", "S"),
        Message("user", "one"),
        Message("assistant", "", (CalledTool("find", "{}", "a"),)),
        Message("tool", '{"id": 7}', call_id="a"),
        Message("tool", "no json", call_id="?"),
        Message("user", "two"),
    )
    request = Request(Conversation("S", messages), "chat", "gpt", body={"n": 1})
    assert seen_in(request) == {
        "model": "gpt",
        "system": "S",
        "first": "one",
        "last": "two",
        "results": [
            {"tool": "find", "text": '{"id": 7}', "json": {"id": 7}},
            {"tool": "", "text": "no json", "json": None},
        ],
        "body": {"n": 1},
    }
    assert look_up("results[0].json.id", seen_in(request)) == 7
    assert look_up("results[1].json.id", seen_in(request)) is None
    assert look_up("abs(first)", seen_in(request)) is None
    assert tuple(seen_in(request)) == WORDS
    assert seen_in(Request())["first"] == seen_in(Request())["last"] == ""


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1, {"a": None}], [1, {"a": None}], True),
        ([1], [True], False),
        ({"a": 0}, {"a": False}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ("1", 1, False),
    ],
)
def test_json_values_are_compared_as_json_has_them(left: Any, right: Any, same: bool) -> None:
    assert same_json(left, right) is same
