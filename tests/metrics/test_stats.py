"""`GET /llmsim/stats`: what is counted of requests, as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.control.test_control_openapi import described_answer, document
from tests.requests import CHAT, ROUTE_OF, request_to
from tests.running import text

BODY = request_to("chat")
RATE_LIMIT = {"type": "error", "kind": "rate_limit"}
TIMEOUT = {"type": "error", "kind": "timeout"}
BROKEN = {"type": "error", "kind": "other", "message": "boom", "status_code": 502}

OF_RUST = (
    "uptime_secs total_requests active_requests streaming_requests non_streaming_requests "
    "completions_requests responses_requests messages_requests prompt_tokens completion_tokens "
    "total_tokens total_errors rate_limit_errors server_errors timeout_errors "
    "requests_per_second avg_latency_ms min_latency_ms max_latency_ms model_requests"
)


def ask(client: FlaskClient, path: str = CHAT, body: dict[str, Any] = BODY, **headers: str) -> int:
    answer = client.post(
        path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    answer.get_data()  # to its end: what is not read was aborted
    return answer.status_code


def stats(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/llmsim/stats")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_there_are_the_fields_that_the_rust_llmsim_has(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    assert set(stats(client)) >= {*OF_RUST.split()}
    described_answer(document(client), "GET", "/llmsim/stats", 200).validate(stats(client))


def test_nothing_was_counted_before_the_first_request(make_client: MakeClient) -> None:
    found = stats(make_client(text("a")))
    assert {name for name, value in found.items() if value} <= {"uptime_secs"}
    assert found["min_latency_ms"] is found["p50_latency_ms"] is found["p99_ttft_ms"] is None
    assert found["avg_latency_ms"] == 0


def test_requests_are_counted_by_api_and_stream(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for number, (api, route) in enumerate(ROUTE_OF.items(), 1):
        for _ in range(number):
            assert ask(client, route, request_to(api)) == 200
        assert ask(client, route, request_to(api, stream=True)) == 200
    found = stats(client)
    assert found["requests_by_api"] == {
        "chat": 2,
        "responses": 3,
        "openresponses": 4,
        "anthropic": 5,
    }
    assert found["completions_requests"] == 2
    assert found["responses_requests"] == 7
    assert found["messages_requests"] == 5
    assert (found["total_requests"], found["streaming_requests"]) == (14, 4)
    assert found["non_streaming_requests"] == 10
    assert found["requests_by_status"] == {"200": 14}
    assert found["active_requests"] == found["active_streams"] == found["aborted"] == 0
    assert found["sessions"] == 1


def test_tokens_are_those_that_the_answers_say(make_client: MakeClient) -> None:
    client = make_client(text("five words are said here"))
    usages = [client.post(CHAT, json=BODY).get_json()["usage"] for _ in range(2)]
    assert ask(client, body=BODY | {"n": 3}) == 200
    found = stats(client)
    assert found["prompt_tokens"] == 3 * usages[0]["prompt_tokens"]
    assert found["completion_tokens"] == 5 * usages[0]["completion_tokens"]
    assert found["total_tokens"] == found["prompt_tokens"] + found["completion_tokens"]


def test_errors_are_counted_by_status_whoever_makes_them(make_client: MakeClient) -> None:
    client = make_client(RATE_LIMIT, TIMEOUT, BROKEN, text("a"), on_exhausted="error")
    assert [ask(client) for _ in range(5)] == [429, 504, 502, 200, 500]
    assert ask(client, X_LLMSim_Error="rate_limit") == 429
    assert ask(client, body={"model": "m"}) == 400
    assert ask(client, "/s/not%20a%20name" + CHAT) == 400
    found = stats(client)
    assert found["requests_by_status"] == {
        "200": 1,
        "400": 2,
        "429": 2,
        "500": 1,
        "502": 1,
        "504": 1,
    }
    assert (found["total_requests"], found["total_errors"]) == (8, 7)
    assert (found["rate_limit_errors"], found["timeout_errors"]) == (2, 1)
    assert (found["server_errors"], found["faults"]) == (2, 1)
    assert found["active_requests"] == 0


def test_durations_are_in_milliseconds(make_client: MakeClient) -> None:
    client = make_client(text("a") | {"latency": {"ttft_mean_ms": 30}}, text("b"))
    assert ask(client) == ask(client) == ask(client, body=BODY | {"stream": True}) == 200
    found = stats(client)
    assert found["max_latency_ms"] >= 30 > found["min_latency_ms"] > 0
    assert found["max_latency_ms"] / 3 <= found["avg_latency_ms"] <= found["max_latency_ms"]
    names = [f"p{share}_latency_ms" for share in (50, 90, 99)]
    shown = [found["min_latency_ms"], *(found[name] for name in names), found["max_latency_ms"]]
    assert shown == sorted(shown)
    assert 0 < found["p50_ttft_ms"] <= found["p90_ttft_ms"] <= found["p99_ttft_ms"]


def test_the_first_content_of_a_stream_is_what_its_client_waits_for(
    make_client: MakeClient,
) -> None:
    client = make_client(text("one two") | {"latency": {"ttft_mean_ms": 30, "tbt_mean_ms": 600}})
    assert ask(client, body=BODY | {"stream": True}) == 200
    found = stats(client)
    assert 30 <= found["p50_ttft_ms"] < found["p50_latency_ms"]
    assert found["min_latency_ms"] >= 630


def test_of_many_models_the_first_ones_are_told_apart(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for number in range(110):
        ask(client, body=BODY | {"model": f"m{number}"})
    ask(client, body=BODY | {"model": "m0"})
    ask(client, body=BODY | {"model": "x" * 1000})
    found = stats(client)["model_requests"]
    assert len(found) == 101
    assert (found["m0"], found["m1"], found["other"]) == (2, 1, 11)
    assert sum(found.values()) == stats(client)["total_requests"] == 112


def test_any_name_of_a_model_can_be_shown(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    names = ["\ud83d", "naïve\n", "y" * 1000, "other"]
    for name in names:
        client.post(CHAT, data=json.dumps(BODY | {"model": name}), content_type="application/json")
    found = stats(client)["model_requests"]
    assert found == {"\ud83d": 1, "naïve\n": 1, "y" * 128: 1, "other": 1}


def test_what_agents_do_wrong_is_counted(make_client: MakeClient) -> None:
    expecting = text("a") | {"expect": {"model": "other", "has_tools": True}}
    client = make_client(expecting, protocol_check="report")
    assert ask(client) == 200
    orphan = {"role": "tool", "tool_call_id": "nobody", "content": "x"}
    assert ask(client, body=BODY | {"messages": [*BODY["messages"], orphan]}) == 200
    found = stats(client)
    assert found["expectations_failed"] == 4
    assert found["protocol_violations"] == 1


def test_a_client_that_leaves_in_mid_stream_does_not_stay_active(make_client: MakeClient) -> None:
    client = make_client(text("one two three") | {"latency": {"tbt_mean_ms": 60_000}})
    answer = client.post(CHAT, json=BODY | {"stream": True})
    pieces = iter(answer.response)
    next(pieces)
    during = stats(client)
    assert (during["active_requests"], during["active_streams"]) == (1, 1)
    assert (during["total_requests"], during["aborted"]) == (0, 0)
    answer.close()
    after = stats(client)
    assert (after["active_requests"], after["active_streams"]) == (0, 0)
    assert (after["total_requests"], after["aborted"]) == (1, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_without_a_journal_all_the_same_is_counted(make_client: MakeClient, stream: bool) -> None:
    client = make_client(text("a"), journal_mode="off")
    assert ask(client, body=BODY | {"stream": stream}) == 200
    found = stats(client)
    assert (found["total_requests"], found["active_requests"], found["aborted"]) == (1, 0, 0)
    assert found["completion_tokens"] > 0


def test_who_may_use_the_control_api_may_see_the_numbers(make_client: MakeClient) -> None:
    client = make_client(text("a"), control_token="secret")
    assert client.get("/llmsim/stats").status_code == 401
    key = {"Authorization": "Bearer secret"}
    assert client.get("/llmsim/stats", headers=key).status_code == 200
    assert client.get("/llmsim/stats", headers=key | {"Host": "evil.example"}).status_code == 403


def test_where_nothing_is_counted_there_are_no_numbers(make_client: MakeClient) -> None:
    answer = make_client(text("a"), metrics=False).get("/llmsim/stats")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "metrics_off"
    assert "LLMSIM_METRICS" in answer.get_json()["error"]["message"]
