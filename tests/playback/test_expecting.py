"""What a turn expects of its request, on every API and under both orders."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Expectation, Script
from llmsim.errors import ScriptInvalidError
from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.verdict.agents import APIS, CALL, SAY, USER, Agent, put

ORDERS = ["arrival", "history"]
RESULT: dict[str, Any] = {
    "tool_result": {"tool": "bash", "contains": "sent"},
    "last_role": "tool",
    "message_count": {"min": 3, "max": 3},
}


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(SAY)


def unmet(client: FlaskClient) -> list[Any]:
    """What each entry says of its turn's expectation."""
    return [entry.get("unmet") for entry in entries(client)]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_request_that_is_as_expected_leaves_no_word(
    client: FlaskClient, api: str, order: str
) -> None:
    put(client, {**CALL, "expect": {"step": 0}}, {**SAY, "expect": RESULT}, order=order)
    agent = Agent(client, api=api)
    agent.step("it was sent")
    agent.step()
    assert unmet(client) == [None, None]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("order", ORDERS)
def test_one_that_is_not_is_served_and_recorded_with_what_was_found(
    client: FlaskClient, api: str, order: str
) -> None:
    put(client, CALL, {**SAY, "expect": {**RESULT, "step": 2}}, order=order)
    agent = Agent(client, api=api)
    agent.step("lost")
    response = agent.step()
    assert response.status_code == 200
    assert response.headers["X-LLMSim-Turn"] == "1"
    assert unmet(client) == [
        None,
        [
            {"condition": "step", "wanted": "2", "found": "1"},
            {
                "condition": "tool_result",
                "wanted": 'a new result of "bash" that contains "sent"',
                "found": '[tool: "bash", text: "lost"]',
            },
        ],
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_an_error_turn_looks_at_its_request_too(client: FlaskClient, order: str) -> None:
    error = {"type": "error", "kind": "rate_limit", "expect": {"last_contains": "sent"}}
    put(client, error, SAY, order=order)
    assert Agent(client).step().status_code == 429
    assert [each[0]["condition"] for each in unmet(client) if each] == ["last_contains"]


def test_long_texts_are_cut(client: FlaskClient) -> None:
    put(client, {**SAY, "expect": {"any_contains": "x"}})
    agent = Agent(client)
    agent.history = [{"role": "user", "content": "y" * 1000}] * 100
    agent.step()
    (found,) = unmet(client)
    assert len(found[0]["found"]) <= 300


def test_expectations_are_kept_without_bodies(make_client: MakeClient) -> None:
    client = make_client({**SAY, "expect": {"first_contains": "x"}}, journal_mode="meta")
    Agent(client, "a").step()
    assert [each[0]["found"] for each in unmet(client)] == [f'"{USER["content"]}"']


def test_they_are_built_in_python_and_equal_ones_are_written_alike() -> None:
    script = Script.from_spec({"turns": [{**SAY, "expect": {"last_contains": "x", "step": 1}}]})
    expect = Expectation(last_contains="x", step=1)
    assert script.turns[0].expect == expect
    assert expect != Expectation(last_contains="x", step=2)
    assert len({expect, Expectation(last_contains="x", step=1)}) == 1
    assert Script.from_json(script.canonical()) == script
    for wrong in ({"step": -1}, {"step": True}, {}, {"last_role": "nobody"}):
        with pytest.raises(ScriptInvalidError):
            Expectation(**wrong)
