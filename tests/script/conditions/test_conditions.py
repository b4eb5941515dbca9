"""What a condition finds in a request, on every API the same, and how it explains itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from llmsim.apis import APIS
from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.errors import ScriptInvalidError
from llmsim.script.conditions import Range, ToolResult, When, WhenSchema, explain
from llmsim.script.conditions.rules import APIS as API_WORDS
from llmsim.script.conditions.table import CONDITIONS, STABLE
from tests.script.conditions.bodies import BODIES, request_of

# Conditions that hold for the conversation in `bodies`.
HOLDING: dict[str, list[Any]] = {
    "session": ["user-7", "user-*", "u?er-[0-9]"],
    "stream": [False],
    "model": ["gpt-5-mini", "gpt-*"],
    "system_contains": ["helpful clerk"],
    "first_contains": ["my order"],
    "first_matches": [r"order \d+", r"\AWhere"],
    "last_role": ["tool"],
    "last_contains": ["sent"],
    "last_matches": ["^s.nt$"],
    "any_contains": ["helpful", "Where is", "Let me", '"id"'],
    "tools_include": [["find"], ["ship", "find"]],
    "has_tools": [True],
    "max_tokens": [{"min": 500}, {"max": 500}, {"min": 1, "max": 1000}],
    "message_count": [{"min": 4, "max": 4}],
    "tool_result": [
        {"tool": "find"},
        {"contains": "sent"},
        {"tool": "find", "contains": '"id": 7'},
    ],
    "header": [{"user-agent": "clerk/*"}, {"User-Agent": "*"}],
    "value": [
        {"results[-2].json.id": 7},
        {"results[*].tool": ["find", "ship"]},
        {"model": "gpt-5-mini", "first": "Where is my order 7?", "last": "Where is my order 7?"},
        {"results[-1].json": None, "system": "You are a helpful clerk."},
        {"length(body.tools)": 2},
    ],
}
# Conditions that do not hold, and how they explain themselves.
FAILING: list[tuple[str, Any, str]] = [
    ("session", "agent-*", 'wanted one like "agent-*", found "user-7"'),
    ("session", "USER-7", 'wanted one like "USER-7", found "user-7"'),
    ("stream", True, "wanted true, found false"),
    ("model", "claude-*", 'wanted one like "claude-*", found "gpt-5-mini"'),
    (
        "system_contains",
        "title generator",
        'wanted a text that contains "title generator", found "You are a helpful clerk."',
    ),
    (
        "first_contains",
        "refund",
        'wanted a text that contains "refund", found "Where is my order 7?"',
    ),
    (
        "first_matches",
        "^order",
        'wanted a text that matches "^order", found "Where is my order 7?"',
    ),
    ("last_role", "user", 'wanted "user", found "tool"'),
    ("last_contains", "lost", 'wanted a text that contains "lost", found "sent"'),
    ("last_matches", "^lost", 'wanted a text that matches "^lost", found "sent"'),
    (
        "tools_include",
        ["find", "buy"],
        'wanted tools that include "find", "buy", found ["find", "ship"]',
    ),
    ("has_tools", False, "wanted false, found true"),
    ("max_tokens", {"min": 501}, "wanted 501 or more, found 500"),
    ("max_tokens", {"max": 499}, "wanted 499 or less, found 500"),
    ("message_count", {"min": 5, "max": 9}, "wanted 5 to 9, found 4"),
    (
        "tool_result",
        {"tool": "find", "contains": "sent"},
        'wanted a new result of "find" that contains "sent", '
        'found [tool: "find", text: "{"id": 7}", tool: "ship", text: "sent"]',
    ),
    (
        "header",
        {"user-agent": "codex*", "x-app": "*"},
        'wanted user-agent like "codex*", x-app like "*", '
        'found user-agent: "clerk/1.2", x-app: nothing',
    ),
    ("value", {"results[0].json.id": "7"}, 'wanted results[0].json.id: "7", found '
     "results[0].json.id: 7"),
    ("value", {"results[0].json.id": True}, "wanted results[0].json.id: true, found "
     "results[0].json.id: 7"),
]  # fmt: skip


def when(**conditions: Any) -> When:
    made: When = WhenSchema().load(conditions)
    return made


@pytest.mark.parametrize("api", BODIES)
@pytest.mark.parametrize("name", HOLDING)
def test_a_condition_holds_on_every_api_alike(name: str, api: str) -> None:
    for asked in HOLDING[name]:
        assert not explain(when(**{name: asked}), request_of(api)), asked
        assert when(**{name: asked}).fits(request_of(api))


@pytest.mark.parametrize("api", BODIES)
@pytest.mark.parametrize(("name", "asked", "words"), FAILING)
def test_a_condition_says_what_was_wanted_and_what_was_found(
    name: str, asked: Any, words: str, api: str
) -> None:
    (difference,) = explain(when(**{name: asked}), request_of(api))
    assert str(difference) == f"{name}: {words}"
    assert difference.condition == name
    assert f"wanted {difference.wanted}, found {difference.found}" == words
    assert not when(**{name: asked}).fits(request_of(api))


@pytest.mark.parametrize("api", BODIES)
def test_an_api_is_asked_for_by_its_name(api: str) -> None:
    assert [name for name in BODIES if when(api=name).fits(request_of(api))] == [api]


def test_every_api_and_every_condition_is_known() -> None:
    assert set(API_WORDS) == {api.renderer.name for api in APIS}
    assert set(HOLDING) | {"api"} == set(CONDITIONS) == set(WhenSchema().fields)
    assert {name for name, _, _ in FAILING} | {"api", "any_contains"} == set(CONDITIONS)


def test_what_stays_the_same_through_a_conversation_is_stable() -> None:
    assert set(STABLE) == {
        "session", "api", "model", "header", "system_contains", "first_contains",
        "first_matches", "tools_include", "has_tools",
    }  # fmt: skip
    both = when(model="*", last_role="tool", value={"first": "x"})
    assert both.passing == ("last_role", "value")
    assert when(model="*").passing == ()


def test_all_conditions_must_hold_and_each_that_does_not_is_told() -> None:
    asked = when(model="claude-*", has_tools=True, last_contains="lost")
    told = explain(asked, request_of("chat"))
    assert [each.condition for each in told] == ["model", "last_contains"]


def test_nothing_is_found_in_an_empty_request() -> None:
    asked = when(
        first_contains="x", last_contains="x", last_role="user", max_tokens={"min": 0},
        tool_result={"contains": ""}, tools_include=["a"], value={"last": None},
    )  # fmt: skip
    assert {each.condition: each.found for each in explain(asked, Request())} == {
        "first_contains": "nothing",
        "last_contains": "nothing",
        "last_role": "nothing",
        "max_tokens": "nothing",
        "tool_result": "none",
        "tools_include": "none",
        "value": 'last: ""',
    }


def said(*messages: Message) -> Request:
    return Request(Conversation("", messages))


def test_a_system_message_at_the_end_is_not_the_last_message() -> None:
    request = said(Message("user", "Hi"), Message("system", "Be brief."))
    assert when(last_role="user", last_contains="Hi").fits(request)
    assert when(message_count={"max": 1}).fits(request)


def test_only_results_since_the_last_answer_are_new() -> None:
    asked, answered = Message("assistant", "", (CalledTool("find", "{}", "a"),)), "assistant"
    result = Message("tool", "lost", call_id="a")
    wanted = when(tool_result={"tool": "find", "contains": "lost"})
    assert wanted.fits(said(asked, result))
    assert wanted.fits(said(asked, result, Message("user", "Well?")))
    assert not wanted.fits(said(asked, result, Message(answered, "Lost."), Message("user", "?")))


def test_a_long_text_is_cut_where_it_is_shown() -> None:
    request = Request(Conversation("s" * 40_000))
    (difference,) = explain(when(system_contains="x"), request)
    assert difference.found == f'"{"s" * 80}..."'


def test_an_expression_whose_types_do_not_fit_finds_nothing() -> None:
    (difference,) = explain(when(value={"abs(model)": 1}), request_of("chat"))
    assert difference.found == "abs(model): nothing"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_the_length_of_the_answer_has_three_names(name: str) -> None:
    assert when(max_tokens={"min": 9}).fits(Request(body={name: 9}))
    assert not when(max_tokens={"min": 0}).fits(Request(body={name: True}))


def test_it_is_written_as_it_was_read_and_can_be_sent_to_another_process() -> None:
    for name, asked in HOLDING.items():
        for value in asked:
            made = when(**{name: value})
            again = WhenSchema().load(WhenSchema().dump(made))
            assert again == made == pickle.loads(pickle.dumps(made))
            assert hash(again) == hash(made)


def test_values_that_python_calls_equal_and_json_does_not_are_different_conditions() -> None:
    assert when(value={"body": 1}) != when(value={"body": True})
    assert When(model="a") != When(session="a")


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({}, r"\$: expected at least one condition"),
        ({"model": 1}, r"\$\.model: expected a string, got a number"),
        ({"api": "chats"}, r"\$\.api: unknown API 'chats'; .* did you mean 'chat'\?"),
        ({"first_matches": "("}, r"\$\.first_matches: not a regular expression: missing \)"),
        ({"max_tokens": 5}, r"\$\.max_tokens: expected a Range, got a number"),
        ({"header": {"cookie": "*"}}, r"\$\.header: unknown header 'cookie'"),
        ({"tools_include": "find"}, r"\$\.tools_include: expected an array, got a string"),
    ],
)
def test_python_code_is_told_what_is_wrong(conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(ScriptInvalidError, match=message):
        When(**conditions)


def test_python_code_makes_the_same_conditions() -> None:
    made = When(
        tools_include=["find"],
        max_tokens=Range(max=9),
        tool_result=ToolResult("find"),
        header={"x-app": "*"},
    )
    assert made == when(
        tools_include=["find"],
        max_tokens={"max": 9},
        tool_result={"tool": "find"},
        header={"x-app": "*"},
    )


@pytest.mark.parametrize("ends", [(None, None), (3, 2), (-1, None), (True, None)])
def test_a_range_has_ends_in_order(ends: tuple[Any, Any]) -> None:
    with pytest.raises(ScriptInvalidError):
        Range(*ends)
