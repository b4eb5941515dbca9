"""A session whose script plays by history, from outside."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.verdict.model import Found
from tests.conftest import MakeClient
from tests.each import for_each
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to
from tests.verdict.agents import verdict

CALL: dict[str, Any] = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]}
SAY: dict[str, Any] = {"type": "assistant", "text": "Done."}
ERROR: dict[str, Any] = {"type": "error", "kind": "rate_limit"}
APIS = ["chat", "responses", "openresponses", "anthropic"]


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    made = make_client(SAY)
    put(made, CALL, ERROR, SAY)
    return made


def put(client: FlaskClient, *turns: dict[str, Any], **keys: Any) -> None:
    script = {"order": "history", "turns": turns, **keys}
    assert client.put("/llmsim/sessions/a/script", json=script).status_code == 200


def ask(
    client: FlaskClient, api: str, history: list[Any], retry: int | None = None, **fields: Any
) -> Any:
    """Send this history to that API; the answer, read to its end."""
    key = "input" if "responses" in api else "messages"
    headers = {} if retry is None else {"x-stainless-retry-count": str(retry)}
    body = request_to(api, **{key: history}, **fields)
    response = client.post(f"/s/a{ROUTE_OF[api]}", json=body, headers=headers)
    assert response.data is not None
    return response


def appended(api: str, payload: Any) -> list[Any]:
    """What a client adds after an answer with one call."""
    if api == "chat":
        message = payload["choices"][0]["message"]
        name = message["tool_calls"][0]["id"]
        return [message, {"role": "tool", "tool_call_id": name, "content": "ok"}]
    if api == "anthropic":
        use = payload["content"][0]["id"]
        result = {"type": "tool_result", "tool_use_id": use, "content": "ok"}
        return [
            {"role": "assistant", "content": payload["content"]},
            {"role": "user", "content": [result]},
        ]
    (item,) = payload["output"]
    return [item, {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}]


USER = {"role": "user", "content": "Go."}


@pytest.mark.parametrize("api", APIS)
def test_mixed_conversations_get_each_their_turns_and_each_its_error(
    client: FlaskClient, api: str
) -> None:
    firsts = [ask(client, api, [USER]) for _ in range(3)]
    histories = [[USER, *appended(api, first.get_json())] for first in firsts]
    answers = [ask(client, api, history) for _ in range(3) for history in histories]
    assert [first.headers["X-LLMSim-Turn"] for first in firsts] == ["0"] * 3
    assert [answer.status_code for answer in answers] == [429] * 3 + [200] * 6
    assert [answer.headers["X-LLMSim-Turn"] for answer in answers[3:]] == ["2"] * 6
    positions = [int(answer.headers["X-LLMSim-Position"]) for answer in [*firsts, *answers]]
    assert positions == list(range(12))


@pytest.mark.parametrize("api", APIS)
def test_streamed_ids_say_the_step_also_from_the_second_time_on(
    client: FlaskClient, api: str
) -> None:
    seen = set()
    for position in range(4):
        answer = ask(client, api, [USER], stream=True)
        generation = answer.headers["X-LLMSim-Generation"]
        call_id = f"call_llmsim_{generation[:6]}_{position}_0_0_0"
        assert f'"{call_id}"'.encode() in answer.data
        marks = (generation, str(position), "0", "0")
        whole = {"chat": "chatcmpl-llmsim-" + "-".join(marks), "anthropic": "msg_llmsim_"}
        whole |= {"responses": "resp_llmsim_" + "_".join(marks)}
        assert whole.get(api, "resp_llmsim_").encode() in answer.data
        seen.add(call_id)
    assert len(seen) == 4


def test_entries_say_order_step_try_and_conversation(client: FlaskClient) -> None:
    first = ask(client, "chat", [USER])
    history = [USER, *appended("chat", first.get_json())]
    ask(client, "chat", history)
    ask(client, "chat", history)
    made = history[2]["tool_call_id"]
    assert [
        (entry["order"], entry["step"], entry["try"], entry["conversation"], entry["turn"])
        for entry in entries(client)
    ] == [
        ("history", 0, None, made, 0),
        ("history", 1, 0, made, 1),
        ("history", 1, 1, made, 2),
    ]


@pytest.mark.parametrize("api", APIS)
def test_all_entries_of_a_conversation_have_one_name(client: FlaskClient, api: str) -> None:
    put(client, CALL, CALL, SAY)
    history: list[Any] = [USER]
    for _ in range(2):
        history += appended(api, ask(client, api, history).get_json())
    ask(client, api, history)
    names = {entry["conversation"] for entry in entries(client, query="limit=1000")}
    assert len(names) == 1
    assert names.pop().startswith("call_llmsim_")


def test_a_text_alone_names_its_conversation_where_its_id_comes_back(client: FlaskClient) -> None:
    put(client, SAY)
    for api in ("chat", "responses"):
        ask(client, api, [USER])
    chat, responses = (entry["conversation"] for entry in entries(client))
    assert chat is None
    assert responses.startswith("msg_llmsim_")


def test_answers_that_are_not_the_scripts_are_told_with_a_word_on_steps(
    client: FlaskClient,
) -> None:
    example = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, USER]
    ask(client, "chat", example)
    ask(client, "chat", [USER])
    told, silent = entries(client)
    assert told["foreign_steps"] == 1
    (finding,) = told["findings"]
    assert finding["kind"] == "foreign_answers"
    assert '"steps": "own"' in finding["text"]
    assert "foreign_steps" not in silent
    assert Found("foreign_answers", 1, finding["text"], 0) in verdict(client).findings


def test_an_id_of_an_earlier_generation_is_told(client: FlaskClient) -> None:
    first = ask(client, "chat", [USER])
    history = [USER, *appended("chat", first.get_json())]
    put(client, SAY, SAY)
    answer = ask(client, "chat", history)
    assert answer.headers["X-LLMSim-Turn"] == "1"
    ask(client, "chat", [USER])
    told, silent = entries(client)[-2:]
    assert told["earlier_generation"] is True
    assert "earlier_generation" not in silent


def test_a_client_that_counts_its_retries_is_believed(client: FlaskClient) -> None:
    put(client, ERROR, ERROR, SAY)
    assert [ask(client, "chat", [USER], retry).status_code for retry in (2, 0, 1)] == [
        200,
        429,
        429,
    ]


def test_health_says_the_order(client: FlaskClient) -> None:
    assert client.get("/s/a/health").get_json()["order"] == "history"
    assert client.get("/health").get_json()["order"] == "arrival"


def test_an_exhausted_conversation_is_told_so_and_others_go_on(client: FlaskClient) -> None:
    put(client, SAY, on_exhausted="error")
    ended = [USER, {"role": "assistant", "content": "Done."}, USER]
    assert ask(client, "chat", ended).status_code == 500
    assert ask(client, "chat", [USER]).status_code == 200
    error = json.loads(ask(client, "chat", ended).data)["error"]
    assert error["code"] == "script_exhausted"
    assert "this conversation has come to step 1, behind the script's last one" in error["message"]


def test_entries_are_chosen_by_conversation_step_and_status(client: FlaskClient) -> None:
    firsts = [ask(client, "chat", [USER]) for _ in range(2)]
    histories = [[USER, *appended("chat", first.get_json())] for first in firsts]
    for history in [*histories, *histories]:
        ask(client, "chat", history)
    made = histories[1][2]["tool_call_id"]

    def positions(query: str) -> list[int]:
        return [entry["position"] for entry in entries(client, query=query)]

    assert positions(f"conversation={made}") == [1, 3, 5]
    assert positions("step=1") == [2, 3, 4, 5]
    assert positions("status=429") == [2, 3]
    assert positions(f"conversation={made}&step=1&status=200&limit=1") == [5]
    assert positions("conversation=nobody") == []


def test_a_session_says_no_one_place_where_its_conversations_have_many(
    client: FlaskClient,
) -> None:
    def shown() -> tuple[Any, Any]:
        facts = client.get("/llmsim/sessions/a").get_json()
        return facts["turns_used"], facts["state"]

    assert shown() == (None, "untouched")
    for _ in range(5):
        ask(client, "chat", [USER])
    assert shown() == (None, "unfinished")
    listed = client.get("/llmsim/sessions?prefix=a").get_json()["sessions"]
    assert [(each["turns_used"], each["state"]) for each in listed] == [(None, "unfinished")]


BROKEN = [
    *({**SAY, "fault": fault} for fault in ("disconnect", "malformed", "stream_error")),
    {"type": "error", "kind": "connection_reset"},
]


@for_each("stream", [False, True])
def test_what_is_broken_off_comes_once_for_each_conversation_and_then_what_stands_behind_it(
    stream: bool, make_client: MakeClient
) -> None:
    client = make_client(SAY)
    put(client, CALL, *BROKEN, {**SAY, "fault": "truncate"}, SAY)
    client.post("/llmsim/sessions/a/reset")
    firsts = [ask(client, "chat", [USER]) for _ in range(2)]
    for first in firsts:
        history = [USER, *appended("chat", first.get_json())]
        for _ in range(6):
            with contextlib.suppress(ConnectionResetError):
                ask(client, "chat", history, stream=stream)
    told = [(entry["turn"], entry["fault"], entry["try"]) for entry in entries(client)[2:]]
    one = [
        (1, "disconnect", 0),
        (2, "malformed", 1),
        (3, "stream_error", 2),
        (4, None, 3),
        (5, "truncate", 4),
        (5, "truncate", 5),
    ]
    assert told == one * 2
