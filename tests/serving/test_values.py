"""Values from the request in what goes out, the same on every API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to

APIS = ["chat", "responses", "openresponses", "anthropic"]
RESULT = '{"id": 12345678901234567890123, "note": "a \\u2028 \\"b\\""}'
SHIP: dict[str, Any] = {
    "type": "mixed",
    "text": "Shipping.",
    "calls": [
        {
            "name": "ship",
            "arguments": {
                "order": {"$value": "results[-1].json"},
                "tool": {"$value": "results[-1].tool"},
                "none": {"$value": "results[-1].json.none"},
            },
            "id": "fixed",
        }
    ],
}
SAY = {
    "type": "template",
    "text": "{{ system }}|{{ first }}|{{ last }}|{{ body.model }}|{{ body.x }}",
}


def history(api: str, result: str) -> dict[str, Any]:
    """A request in which the tool `make` has returned that."""
    user, later = {"role": "user", "content": "one"}, {"role": "user", "content": "two"}
    if api == "chat":
        called = {"id": "c", "type": "function", "function": {"name": "make", "arguments": "{}"}}
        return {
            "messages": [
                {"role": "system", "content": "S"},
                user,
                {"role": "assistant", "content": None, "tool_calls": [called]},
                {"role": "tool", "tool_call_id": "c", "content": result},
                later,
            ]
        }
    if api == "anthropic":
        used = {"type": "tool_use", "id": "c", "name": "make", "input": {}}
        returned = {"type": "tool_result", "tool_use_id": "c", "content": result}
        return {
            "system": "S",
            "messages": [
                user,
                {"role": "assistant", "content": [used]},
                {"role": "user", "content": [returned, {"type": "text", "text": "two"}]},
            ],
        }
    return {
        "instructions": "S",
        "input": [
            user,
            {"type": "function_call", "call_id": "c", "name": "make", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": result},
            later,
        ],
    }


def ask(client: FlaskClient, api: str, result: str, *, stream: bool) -> Any:
    body = request_to(api, **history(api, result), stream=stream)
    answer = client.post(f"/s/a{ROUTE_OF[api]}", json=body)
    assert answer.status_code == 200, answer.data
    return answer.data


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_each_request_finds_the_same_values_on_every_api_however_often_a_turn_comes(
    make_client: MakeClient, api: str, stream: bool
) -> None:
    client = make_client(SHIP, SAY, on_exhausted="loop")
    for number, result in enumerate([RESULT, '{"id": 2}', RESULT]):
        ask(client, api, result, stream=stream)
        ask(client, api, result, stream=stream)
        call, text = entries(client)[2 * number :]
        assert call["answer"]["blocks"][1]["arguments"] == {
            "order": json.loads(result),
            "tool": "make",
            "none": "",
        }
        assert call["values_not_found"] == ["results[-1].json.none"]
        assert text["answer"]["blocks"] == [{"type": "text", "text": "S|one|two|m|"}]
        assert text["values_not_found"] == ["body.x"]


@pytest.mark.parametrize("api", APIS)
def test_arguments_go_out_exactly(make_client: MakeClient, api: str) -> None:
    answer = ask(make_client(SHIP), api, RESULT, stream=False)
    arguments = f'{{"order":{{"id":{json.loads(RESULT)["id"]},"note":"a \\u2028 \\"b\\""}},"tool":'
    wanted = (
        arguments if api == "anthropic" else json.dumps(arguments)[1:-1].replace("\\\\u", "\\u")
    )
    assert wanted.encode() in answer


def test_a_turn_that_finds_all_has_no_mark(make_client: MakeClient) -> None:
    client = make_client({"type": "template", "text": "{{ last }}"})
    ask(client, "chat", "", stream=False)
    assert "values_not_found" not in entries(client)[0]


def test_the_mark_stays_where_the_journal_keeps_no_bodies(make_client: MakeClient) -> None:
    client = make_client(SAY, journal_mode="meta")
    ask(client, "chat", "", stream=False)
    (entry,) = entries(client)
    assert entry["values_not_found"] == ["body.x"]
    assert "answer" not in entry


def test_by_history_each_conversation_gets_its_own_values(make_client: MakeClient) -> None:
    client = make_client(SAY)
    call = {"name": "make", "arguments": {}}
    script = {"order": "history", "turns": [{"type": "tool_calls", "calls": [call]}, SHIP]}
    assert client.put("/llmsim/sessions/a/script", json=script).status_code == 200
    for number in range(3):
        said = ask(client, "chat", json.dumps({"id": number}), stream=False)
        (called,) = json.loads(said)["choices"][0]["message"]["tool_calls"]
        assert json.loads(called["function"]["arguments"])["order"] == {"id": number}


def test_a_custom_tool_gets_the_value_as_its_text(make_client: MakeClient) -> None:
    turn = {
        "type": "tool_calls",
        "calls": [{"name": "patch", "arguments": {"$value": "results[0].text"}}],
    }
    body = request_to("responses", **history("responses", "*** Begin"))
    body["tools"] = [{"type": "custom", "name": "patch"}]
    answer = make_client(turn).post(ROUTE_OF["responses"], json=body).get_json()
    assert [item["input"] for item in answer["output"]] == ["*** Begin"]
