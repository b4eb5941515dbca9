"""What a turn expects of its request, on every API and under both orders."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Expectation, Script
from llmsim.errors import ScriptInvalidError
from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.verdict.agents import APIS, CALL, SAY, USER, Agent, appended, put

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


@pytest.mark.parametrize("api", ["responses", "openresponses"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_result_is_of_the_tool_that_the_response_called_which_the_request_goes_on_from(
    client: FlaskClient, api: str, order: str
) -> None:
    named = {**CALL, "calls": [{"name": "bash", "id": "mine"}]}
    expected = {"expect": {"tool_result": RESULT["tool_result"]}}
    put(client, CALL, named | expected, SAY | expected, SAY | expected, order=order)
    agent = Agent(client, api=api)
    fields: dict[str, Any] = {}
    for instructions in (None, "Be kind.", None):
        payload = agent.ask(**fields, instructions=instructions).get_json()
        fields = {"previous_response_id": payload["id"]}
        agent.history = appended(api, payload, "it was sent")[len(payload["output"]) :]
    agent.history = [{"type": "function_call_output", "call_id": "mine", "output": "sent"}]
    agent.ask(previous_response_id="resp_llmsim_0123456789abcdef_1_0_1")  # of another generation
    *known, unknown = unmet(client)
    assert known == [None] * 3
    assert unknown[0]["found"] == '[tool: "", text: "sent"]'


def test_by_history_a_step_is_that_of_the_conversation_and_examples_are_none(
    client: FlaskClient,
) -> None:
    put(client, {**SAY, "expect": {"step": 0}}, SAY, order="history", steps="own")
    agent = Agent(client)
    agent.history = [USER, {"role": "assistant", "content": "An example."}, USER]
    agent.step()
    assert unmet(client) == [None]


@pytest.mark.parametrize("order", ORDERS)
def test_an_error_turn_looks_at_its_request_too(client: FlaskClient, order: str) -> None:
    error = {"type": "error", "kind": "rate_limit", "expect": {"last_contains": "sent"}}
    put(client, error, SAY, order=order)
    assert Agent(client).step().status_code == 429
    assert [each[0]["condition"] for each in unmet(client) if each] == ["last_contains"]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_script_may_refuse_what_differs_and_the_turn_stays_taken(
    client: FlaskClient, api: str, order: str
) -> None:
    put(client, CALL, {**SAY, "expect": RESULT}, SAY, order=order, on_mismatch="refuse")
    agent = Agent(client, api=api)
    agent.step("lost")
    response = agent.ask(stream=True)
    assert response.status_code == 400
    assert response.headers["x-should-retry"] == "false"
    assert (response.headers["X-LLMSim-Position"], response.headers["X-LLMSim-Turn"]) == ("1", "1")
    error = response.get_json()["error"]
    assert (
        "is not what turn 1 of the script expects. tool_result: wanted a new result"
        in (error["message"])
    )
    again = agent.ask()
    if order == "arrival":
        assert (again.status_code, again.headers["X-LLMSim-Turn"]) == (200, "2")
    else:  # it took only a try: what is sent again is looked at again
        assert (again.status_code, again.headers["X-LLMSim-Turn"]) == (400, "1")
    assert [each and each[0]["condition"] for each in unmet(client)][:2] == [None, "tool_result"]


def test_by_history_the_corrected_request_gets_the_turn(client: FlaskClient) -> None:
    put(client, CALL, {**SAY, "expect": RESULT}, order="history", on_mismatch="refuse")
    agent = Agent(client)
    agent.step("lost")
    assert agent.ask().status_code == 400
    agent.history[-1]["content"] = "sent"
    assert agent.ask().status_code == 200


def test_a_script_may_leave_expectations_aside(client: FlaskClient) -> None:
    put(client, {**SAY, "expect": {"first_contains": "x"}}, on_mismatch="off")
    assert Agent(client).ask().status_code == 200
    assert unmet(client) == [None]


def test_a_track_may_say_otherwise_than_its_script(client: FlaskClient) -> None:
    turn = {**SAY, "expect": {"first_contains": "x"}}
    tracks = [
        {"name": "strict", "when": {"model": "a*"}, "turns": [turn], "on_mismatch": "refuse"},
        {"name": "as_all", "when": {"model": "b*"}, "turns": [turn]},
    ]
    put(client, turn, tracks=tracks, on_mismatch="off")
    agent = Agent(client)
    assert [agent.ask(model=name).status_code for name in ("a", "b", "c")] == [400, 200, 200]
    assert [bool(each) for each in unmet(client)] == [True, False, False]


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
