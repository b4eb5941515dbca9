"""Paths as clients write them: base URLs, doubled slashes, and routes that are none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from llmsim.serving import once
from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import CHAT, FOR_ALL
from tests.requests import MESSAGES as HI
from tests.running import PATIENCE, Server, numbered, text, write_script

PREFIXES = (
    "/openai/v1",
    "/openai",
    "/openresponses/v1",
    "/openresponses",
    "/anthropic/v1",
    "/anthropic",
    "/v1",
)


@pytest.fixture(autouse=True)
def _nothing_said_yet() -> Iterator[None]:
    once.prepare()
    yield
    once.prepare()


def opened(client: FlaskClient, method: str, path: str, **more: Any) -> Any:
    """The answer to that path as it is: the test client takes two slashes for a host's name."""
    return client.open("/", method=method, environ_overrides={"PATH_INFO": path}, **more)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_health_and_models_answer_below_every_base_url(
    make_client: MakeClient, prefix: str
) -> None:
    client = make_client(*numbered(3), models=("m1",))
    client.post(f"/s/a{CHAT}", json=FOR_ALL)
    assert client.get(f"{prefix}/health").get_json() == client.get("/health").get_json()
    assert client.get(f"/s/a{prefix}/health").get_json()["position"] == 1
    assert [model["id"] for model in client.get(f"{prefix}/models").get_json()["data"]] == ["m1"]
    assert client.get(f"{prefix}/models/m1").get_json()["id"] == "m1"


@for_each("prefix", PREFIXES)
@for_each(
    "name", ["unlisted", "meta/llama", "models", "a b", "gpt-5:free", "Ünï", "hf://org/model"]
)
def test_any_model_is_there(make_client: MakeClient, prefix: str, name: str) -> None:
    response = make_client(text("a")).get(f"{prefix}/models/{name}")
    assert (response.status_code, response.get_json()["id"]) == (200, name)
    described = {"type", "display_name"} if prefix.startswith("/anthropic") else {"object"}
    assert described <= set(response.get_json())


@pytest.mark.parametrize(
    "route",
    [
        "/anthropic/v1/messages/count_tokens",
        "/anthropic/messages/count_tokens",
        "/anthropic/count_tokens",
        "/v1/messages/count_tokens",
    ],
)
def test_tokens_are_counted_below_every_base_url_of_anthropic_s(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(text("a"))
    answers = [client.post(path, json=FOR_ALL) for path in (route, f"/s/a{route}", route + "/")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert {answer.get_json()["input_tokens"] for answer in answers} == {
        client.post("/anthropic/v1/messages/count_tokens", json=FOR_ALL).get_json()["input_tokens"]
    }


@pytest.mark.parametrize("prefix", ["", "/s/a"])
def test_the_first_page_names_all_that_there_is(make_client: MakeClient, prefix: str) -> None:
    client = make_client(text("a"), public_url="http://sim.example.com/")
    page = client.get(f"{prefix}/").get_json()
    assert page["health"] == f"http://sim.example.com{prefix}/health"
    assert page["control_api"] == "http://sim.example.com/llmsim"
    assert page["page"] == "http://sim.example.com/llmsim/"
    assert page["base_urls"]["openai"] == f"http://sim.example.com{prefix}/openai/v1"
    assert client.get(page["health"]).status_code == 200
    assert client.get(f"{page['control_api']}/sessions").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "//openai/v1/chat/completions",
        "/openai//v1/chat/completions",
        "/openai/v1//chat/completions",
        "/openai/v1/chat//completions//",
        "///openai//chat/completions",
    ],
)
def test_doubled_slashes_mean_nothing(make_client: MakeClient, path: str) -> None:
    client = make_client(*numbered(3))
    first, second = (
        opened(client, "POST", f"{prefix}{path}", json=FOR_ALL) for prefix in ("", "//s/a")
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert (first.headers["X-LLMSim-Session"], second.headers["X-LLMSim-Session"]) == (
        "default",
        "a",
    )
    assert opened(client, "GET", "//openai//v1").get_json() == client.get("/openai/v1").get_json()


def test_a_session_s_name_that_was_left_empty_is_refused_and_no_other_takes_its_place(
    make_client: MakeClient,
) -> None:
    response = make_client(text("a")).post("/s//openai/v1/chat/completions", json=FOR_ALL)
    assert response.status_code == 400
    assert "'' is no session name" in response.get_json()["error"]["message"]


@for_each(
    ("sent", "nearest"),
    [
        ("POST /chat/completions", "POST /v1/chat/completions"),
        ("POST /openai/v1/chat/completion", "POST /openai/v1/chat/completions"),
        ("POST /openai/v1/v1/chat/completions", "POST /openai/v1/chat/completions"),
        ("POST /openai/v1/chat/completions/chat/completions", "POST /openai/v1/chat/completions"),
        ("POST /openai/v1/completions", "POST /openai/v1/chat/completions"),
        ("POST /OpenAI/v1/responses", "POST /openai/v1/responses"),
        ("POST /messages", "POST /v1/messages"),
        ("POST /anthropic/v1/v1/messages", "POST /anthropic/v1/messages"),
        ("POST /s/a/anthropic/v1/v1/messages", "POST /s/a/anthropic/v1/messages"),
        ("POST //s/a/anthropic//v2/messages", "POST /s/a/anthropic/v1/messages"),
        ("GET /healthz", "GET /health"),
        ("GET /openai/v1/model", "GET /openai/v1/models"),
    ],
)
def test_a_route_that_is_none_is_named_as_sent_with_the_nearest_that_is_one(
    make_client: MakeClient, sent: str, nearest: str
) -> None:
    method, path = sent.split()
    response = opened(make_client(text("a")), method, path, json=FOR_ALL)
    assert response.status_code == 404
    assert response.get_json()["error"]["message"] == (
        f"There is no route {sent}; the nearest is {nearest}."
    )


@pytest.mark.parametrize("path", ["/xyzzy", "/openai/" + "v1/chat/completions" * 50, "/Ünï"])
def test_a_route_that_is_like_no_other_says_where_all_are(
    make_client: MakeClient, path: str
) -> None:
    response = make_client(text("a")).post(path, json=FOR_ALL)
    assert response.status_code == 404
    assert response.get_json()["error"]["message"] == (
        f"There is no route POST {path}; GET / lists the base URLs."
    )


def test_a_wrong_method_names_the_path_as_it_was_sent(make_client: MakeClient) -> None:
    response = make_client(text("a")).get(f"/s/a/{CHAT}")
    assert response.status_code == 405
    message = f"/s/a/{CHAT} does not take GET; it takes POST."
    assert response.get_json()["error"]["message"] == message


@pytest.mark.parametrize("path", ["/messages", "/v1/nope", "/v1/models/", "/nope"])
def test_what_anthropic_s_clients_ask_of_no_api_is_answered_in_their_shape(
    make_client: MakeClient, path: str
) -> None:
    response = make_client(text("a")).delete(path, headers={"anthropic-version": "2023-06-01"})
    assert response.get_json()["type"] == "error"
    assert response.get_json()["request_id"] == response.headers["request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "said"),
    [
        ("GET", "/llmsim/session", 404, "unknown_route", "nearest is GET /llmsim/sessions."),
        ("PUT", "/s/a/llmsim/sessions", 405, "method_not_supported", "/s/a/llmsim/sessions does"),
        ("GET", "//llmsim//nope", 404, "unknown_route", "no route GET //llmsim//nope;"),
        ("GET", "/llmsim/sessions/models/requests//", 404, "unknown_route", "no route GET"),
    ],
)
def test_below_the_control_api_errors_have_its_shape(
    make_client: MakeClient, method: str, path: str, status: int, code: str, said: str
) -> None:
    response = opened(make_client(text("a")), method, path)
    assert (response.status_code, response.content_type) == (status, "application/json")
    error = response.get_json()["error"]
    assert (set(error), error["code"]) == ({"message", "code"}, code)
    assert said in error["message"]
    assert response.headers.get("Allow") == ("DELETE, GET, POST" if status == 405 else None)


def test_a_failure_inside_the_control_api_has_its_shape(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("llmsim.control.sessions.playback", lambda: 1 // 0)
    response = client.get("/llmsim/sessions/a")
    assert (response.status_code, set(response.get_json()["error"])) == (500, {"message", "code"})


def test_the_log_has_an_unknown_route_once_for_each_path(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "llmsim")
    client = make_client(text("a"))
    for _ in range(3):
        client.post("/openai/v1/completions", json=FOR_ALL)
        client.get(CHAT)
        client.post("/s/a/forged%0Aline", json=FOR_ALL)
        client.get("/llmsim/nope")
    # Of this server alone: what tests before have left behind may log at any time.
    said = [record.getMessage() for record in caplog.records if record.name.startswith("llmsim")]
    assert said == [
        "There is no route POST /openai/v1/completions; the nearest is "
        "POST /openai/v1/chat/completions. (said once for each path)",
        f"{CHAT} does not take GET; it takes POST. (said once for each path)",
        "There is no route POST /s/a/forged\\nline; GET / lists the base URLs. "
        "(said once for each path)",
    ]


def test_what_was_said_takes_bounded_memory() -> None:
    first = [once.first_time("route", "GET", f"/{number}") for number in range(5000)]
    assert sum(first) > 4950  # two that share a place are said once together
    assert not any(once.first_time("route", "GET", f"/{number}") for number in range(5000))
    assert len(once._said or b"") == 2**20


@pytest.mark.slow
@pytest.mark.parametrize("preload", ["true", "false"])
def test_no_worker_says_what_another_has_said(tmp_path: Any, preload: str) -> None:
    script = write_script(tmp_path / "s.json", text("only"), on_exhausted="error")
    with Server(tmp_path, script, LLMSIM_WORKERS="3", LLMSIM_PRELOAD=preload) as server:
        answered = set()
        for _ in range(60):
            assert httpx.get(f"{server.origin}//nope//", timeout=PATIENCE).status_code == 404
            answer = httpx.post(f"{server.origin}{CHAT}", json=FOR_ALL, timeout=PATIENCE)
            answered.add(answer.headers["X-LLMSim-Worker"])
        assert len(answered) > 1
        assert answer.status_code == 500
        assert server.log().count("There is no route GET //nope//; GET / lists") == 1
        assert server.log().count("The script is exhausted: its only turn was served") == 1


def test_an_exhausted_script_says_whose_it_is_and_what_was_asked_last(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "llmsim")
    client = make_client(text("only"), on_exhausted="error")
    long = {"model": "m", "messages": [*HI, {"role": "user", "content": "Go on, " + "x" * 200}]}
    said = [client.post(f"/s/a{CHAT}", json=long).get_json() for _ in range(3)]
    sentence = "The script is exhausted: its only turn was served and its on_exhausted is 'error'."
    assert [answer["error"]["message"] for answer in said[1:]] == [
        f"{sentence} Session 'a', position {position}; the last message (role 'user'): "
        f"'Go on, {'x' * 73}...'."
        for position in (1, 2)
    ]
    logged = f"{sentence} Session 'a', position 1; this is said once."
    assert caplog.messages == [logged]
    client.post("/llmsim/sessions/a/reset")
    for _ in range(3):
        client.post(f"/s/a{CHAT}", json=long)
    assert caplog.messages == [logged] * 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {
                "messages": [
                    *HI,
                    {"role": "assistant", "tool_calls": [{"function": {"name": "f"}, "id": "c"}]},
                    {"role": "tool", "tool_call_id": "c", "content": "It failed"},
                ]
            },
            "the last message (role 'tool'): 'It failed'.",
        ),
        ({"messages": [{"role": "system", "content": "Be brief"}]}, "the request holds no message"),
    ],
)
def test_the_last_message_may_be_a_tool_s_or_none(
    make_client: MakeClient, body: dict[str, Any], said: str
) -> None:
    client = make_client(text("only"), on_exhausted="error")
    client.post(CHAT, json=FOR_ALL)
    answer = client.post(CHAT, json={"model": "m", **body})
    assert answer.status_code == 500
    assert said in answer.get_json()["error"]["message"]
