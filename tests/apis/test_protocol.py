"""What the real APIs refuse, found by pure rules: each is broken, and just not broken."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

import pytest

from llmsim.apis.anthropic import protocol as anthropic
from llmsim.apis.chat import protocol as chat
from llmsim.apis.protocol import Violation
from llmsim.apis.responses import protocol as responses
from llmsim.conversation import Request
from llmsim.made_ids import MadeId
from tests.apis.protocol_cases import ACCEPTED, CASES, MADE
from tests.requests import RENDERERS
from tests.running import ROOT

RULES: dict[str, Any] = {
    "chat": chat.RULES,
    "responses": responses.RULES,
    "openresponses": responses.RULES,
    "anthropic": anthropic.RULES,
}


class Given:
    """Earlier answers: that of the made ids began with reasoning."""

    may_have_thought = True

    def calls(self, answer: MadeId) -> Sequence[str] | None:
        return {1: ["x", "y"], 2: []}.get(answer.position)

    def may_have_called(self, call_id: str, answer: MadeId) -> bool:
        return call_id == "x" and answer.position == 2

    def thought(self, answer: MadeId) -> bool:
        return f"llmsim_{'_'.join(answer.marks)}" == MADE


def found(api: str, body: dict[str, Any]) -> Sequence[Violation]:
    call = RENDERERS[api].read(body)
    request = Request(call.conversation, api, call.model, body=body)
    return RENDERERS[api].violations(request, Given())


@pytest.mark.parametrize("api", CASES)
def test_each_rule_finds_what_breaks_it_and_passes_what_nearly_does(api: str) -> None:
    for number, case in enumerate(CASES[api]):
        named = f"{api} {number}: {case.rule}"
        violations = found(api, case.refused)
        assert case.rule in {violation.rule for violation in violations}, named
        first = next(violation for violation in violations if violation.rule == case.rule)
        told = (first.message, first.index, first.param, first.code)
        assert told == (case.message, case.index, case.param, case.code), named
        assert first.found, named
        assert first.expected, named
        assert first.hint.endswith("."), named
        assert list(found(api, case.taken)) == [], named
    assert {case.rule for case in CASES[api]} == set(RULES[api])


def test_the_readme_names_each_rule() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    rules = {name for rules in RULES.values() for name in rules}
    assert {name for name in rules if f"`{name}`" not in readme} == set()


@pytest.mark.parametrize("api", CASES)
def test_what_looks_wrong_and_is_accepted_passes(api: str) -> None:
    for name, body in ACCEPTED[api].items():
        assert list(found(api, body)) == [], name


def test_a_tool_that_is_offered_again_is_judged_again_and_a_long_one_too() -> None:
    for words in ("short", "x" * 20_000):
        function = {"name": "f", "description": words, "strict": True, "parameters": {}}
        good = {"type": "function", "function": function}
        bad = {"type": "function", "function": {**function, "parameters": {"type": "object"}}}
        for tools in ([good], [good, bad], [bad], [good], [bad]):
            body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": tools}
            told = [violation.param for violation in found("chat", body)]
            number = tools.index(bad) if bad in tools else None
            assert told == ([] if number is None else [f"tools[{number}].function.parameters"])


def test_violations_come_in_the_order_of_the_request() -> None:
    body = {
        "model": "m",
        "tools": [],
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "tool", "tool_call_id": "a", "content": "x"},
            {"role": "assistant", "content": None},
            {"role": "tool", "tool_call_id": "b", "content": "x"},
        ],
    }
    told = [(violation.rule, violation.index) for violation in found("chat", body)]
    assert told == [
        ("tools_empty", None),
        ("result_without_call", 1),
        ("content_missing", 2),
        ("result_without_call", 3),
    ]


def test_a_hint_says_where_the_history_was_cut() -> None:
    result = {"role": "tool", "tool_call_id": "a", "content": "x"}
    (violation,) = found(
        "chat", {"model": "m", "messages": [{"role": "user", "content": "x"}] * 13 + [result]}
    )
    assert violation.index == 13
    assert violation.hint == "The history was probably cut between message 12 and 13."
    assert violation.found == "a result of the call a"


def test_what_the_previous_response_called_counts() -> None:
    def told(*outputs: str, previous: str = "1") -> list[str]:
        items = [
            {"type": "function_call_output", "call_id": name, "output": ""} for name in outputs
        ]
        body = {
            "model": "m",
            "input": [*items, {"role": "user", "content": "x"}],
            "previous_response_id": f"resp_llmsim_0123456789abcdef_{previous}",
        }
        return [f"{each.index} {each.message}" for each in found("responses", body)]

    assert told("x", "y") == []
    assert told("y") == ["None No tool output found for function call x."]
    assert told("x", "y", "z") == ["2 No tool call found for function call output with call_id z."]
    assert told(previous="2") == []
    assert told("y", previous="2") == [
        "0 No tool call found for function call output with call_id y."
    ]
    assert told("x", previous="2") == []  # of a response before
    assert told("x", previous="3") == []


def test_what_a_reference_stands_for_counts() -> None:
    def told(call: int, *outputs: str) -> list[str]:
        reference = {"type": "item_reference", "id": f"fc_llmsim_0123456789abcdef_1_{call}"}
        items = [
            {"type": "function_call_output", "call_id": name, "output": ""} for name in outputs
        ]
        body = {"model": "m", "input": [reference, *items]}
        return [f"{each.index} {each.message}" for each in found("responses", body)]

    assert told(1, "y") == []
    assert told(1) == ["0 No tool output found for function call y."]
    assert told(1, "y", "x") == ["2 No tool call found for function call output with call_id x."]
    assert told(7, "x") == []


def test_a_reference_to_the_reasoning_is_as_good_as_the_reasoning() -> None:
    items = [
        {"type": "item_reference", "id": f"rs_{MADE}"},
        {"type": "item_reference", "id": f"msg_{MADE}"},
    ]
    assert list(found("responses", {"model": "m", "input": items})) == []


def test_no_request_that_can_be_read_breaks_a_rule_down() -> None:
    """Values of any kind in any place, made from the cases: whatever is read can be looked at."""
    chance = random.Random(7)
    values: list[Any] = [None, 0, True, "", "x", [], ["x"], {}, {"type": "text"}, [{}], [[]], 1.5]
    looked_at = 0
    for api, cases in CASES.items():
        for case in cases:
            for _ in range(40):
                body = copy.deepcopy(case.refused)
                _change(body, chance, values)
                try:
                    RENDERERS[api].read(body)
                except Exception:  # what cannot be read is refused before
                    continue
                found(api, body)
                looked_at += 1
    assert looked_at > 500


def _change(value: Any, chance: random.Random, values: list[Any]) -> None:
    """Put another value somewhere below."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chance.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.8:
        _change(value[key], chance, values)
    else:
        value[key] = chance.choice(values)
