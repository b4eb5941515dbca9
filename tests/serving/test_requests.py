"""What the shared request path does with good and bad requests on every API."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import ROUTES, ROUTES_OF, body_for
from tests.running import numbered, text

CHAT, RESPONSES, OPENRESPONSES, ANTHROPIC = (
    list(ROUTES_OF[api]) for api in ("chat", "responses", "openresponses", "anthropic")
)


def error_of(route: str, response: Any) -> dict[str, Any]:
    """The error object, once it has the keys of its API.

    Anthropic's has no code, and the request's id beside it.
    """
    body = response.get_json()
    if route in ANTHROPIC:
        assert (body["type"], set(body), set(body["error"])) == (
            "error",
            {"type", "error", "request_id"},
            {"type", "message"},
        )
        assert body["request_id"] == response.headers["request-id"]
    else:
        assert (set(body), set(body["error"])) == ({"error"}, {"message", "type", "param", "code"})
    found: dict[str, Any] = body["error"]
    return found


def position(client: FlaskClient) -> int:
    found: int = client.get("/health").get_json()["position"]
    return found


def text_of(answer: dict[str, Any]) -> str:
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    said = answer["output"][0] if "output" in answer else answer
    return str(said["content"][0]["text"])


@for_each("route", ROUTES)
def test_every_api_takes_the_next_turn_and_proves_it(make_client: MakeClient, route: str) -> None:
    client = make_client(*numbered(2), on_exhausted="loop")
    for expected in range(3):
        response = client.post(route, json=body_for(route))
        assert (response.status_code, response.content_type) == (200, "application/json")
        assert text_of(response.get_json()) == str(expected % 2)
        assert response.headers["X-LLMSim-Position"] == str(expected)
        assert response.headers["X-LLMSim-Turn"] == str(expected % 2)
        assert (
            response.get_json()["id"]
            .replace("_", "-")
            .endswith(f"-{response.headers['X-LLMSim-Generation']}-{expected}")
        )
        mine, others = (
            ("request-id", "x-request-id") if route in ANTHROPIC else ("x-request-id", "request-id")
        )
        assert response.headers[mine].startswith("req_")
        assert others not in response.headers
        assert response.headers.get("openai-processing-ms", "").isdigit() is (
            route not in ANTHROPIC
        )


def test_all_apis_and_both_ways_of_answering_share_one_cursor(make_client: MakeClient) -> None:
    client = make_client(*numbered(2 * len(ROUTES)))
    positions = []
    for route in ROUTES:
        for stream in (False, True):
            with client.post(route, json=body_for(route, stream=stream)) as response:
                positions.append(int(response.headers["X-LLMSim-Position"]))
    assert positions == list(range(2 * len(ROUTES)))


@for_each("route", ROUTES)
def test_a_stream_is_an_event_stream_that_proxies_leave_alone(
    make_client: MakeClient, route: str
) -> None:
    response = make_client(text("a b c")).post(route, json=body_for(route, stream=True))
    assert response.content_type == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.data.endswith(b"\n\n")
    assert (b"data: [DONE]" in response.data) == (route not in RESPONSES + ANTHROPIC)


SCRIPTED = [
    (
        {"kind": "rate_limit"},
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Rate limit exceeded. Please retry after some time.",
    ),
    ({"kind": "timeout"}, 504, "timeout_error", "timeout", "Request timed out"),
    ({"kind": "timeout", "message": "slow"}, 504, "timeout_error", "timeout", "slow"),
    (
        {"kind": "invalid_request", "message": "bad args"},
        400,
        "invalid_request_error",
        None,
        "bad args",
    ),
    ({"kind": "other", "message": "boom"}, 500, "server_error", None, "boom"),
    ({"kind": "other", "message": "boom", "status_code": 418}, 418, "server_error", None, "boom"),
]


@for_each("stream", [False, True])
@for_each("route", CHAT + RESPONSES)
@for_each(("turn", "status", "type_", "code", "message"), SCRIPTED)
def test_a_scripted_error_answers_with_its_status_streamed_or_not(
    make_client: MakeClient,
    route: str,
    stream: bool,
    turn: dict[str, Any],
    status: int,
    type_: str,
    code: str | None,
    message: str,
) -> None:
    client = make_client({"type": "error", **turn}, text("next"))
    response = client.post(route, json=body_for(route, stream=stream))
    assert (response.status_code, response.content_type) == (status, "application/json")
    assert response.get_json() == {
        "error": {"message": message, "type": type_, "param": None, "code": code}
    }
    assert response.headers["X-LLMSim-Position"] == "0"
    assert position(client) == 1


@pytest.mark.parametrize(("turn", "status"), [(turn, status) for turn, status, *_ in SCRIPTED])
def test_an_openresponses_error_has_strings_for_code_and_param(
    make_client: MakeClient, turn: dict[str, Any], status: int
) -> None:
    response = make_client({"type": "error", **turn}).post(
        OPENRESPONSES[0], json=body_for(OPENRESPONSES[0])
    )
    error = response.get_json()["error"]
    assert response.status_code == status
    assert error["param"] == ""
    assert error["code"]


def test_a_429_says_when_to_retry(make_client: MakeClient) -> None:
    other = {"type": "error", "kind": "other", "message": "m", "status_code": 429}
    client = make_client({"type": "error", "kind": "rate_limit"}, other, retry_after=7)
    for _ in range(2):
        headers = client.post(CHAT[0], json=body_for(CHAT[0])).headers
        assert headers["Retry-After"] == "7"
        assert "retry-after-ms" not in headers
        assert headers["x-ratelimit-remaining-requests"] == "0"
        assert headers["x-ratelimit-reset-requests"] == "7s"


def test_retry_after_is_0_by_default_and_only_on_a_429(make_client: MakeClient) -> None:
    client = make_client(
        {"type": "error", "kind": "rate_limit"}, {"type": "error", "kind": "timeout"}
    )
    headers = client.post(CHAT[0], json=body_for(CHAT[0])).headers
    assert (headers["Retry-After"], headers["retry-after-ms"]) == ("0", "1")
    headers = client.post(CHAT[0], json=body_for(CHAT[0])).headers
    assert not {"Retry-After", "retry-after-ms"} & set(headers.keys())


@for_each("route", ROUTES)
def test_an_exhausted_script_is_an_error_that_asks_for_no_retry(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(text("only"), on_exhausted="error")
    client.post(route, json=body_for(route))
    response = client.post(route, json=body_for(route, stream=True))
    assert response.status_code == 500
    error = error_of(route, response)
    assert error.get("code") == (None if route in ANTHROPIC else "script_exhausted")
    assert error["type"] == ("api_error" if route in ANTHROPIC else "server_error")
    assert "exhausted" in error["message"]
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["X-LLMSim-Position"] == "1"
    assert "X-LLMSim-Turn" not in response.headers


BAD_BODIES = [
    (b"", "The request body is empty"),
    (b"{", "not valid JSON"),
    (b'{"model": "\xff"}', "not valid JSON"),
    (b'{"model": NaN}', "NaN is not a JSON number"),
    (b"[]", "must be a JSON object, got an array"),
    (b'"text"', "must be a JSON object, got a string"),
    (b"[" * 20_000, "not valid JSON"),
    (b'{"a":' * 20_000, "not valid JSON"),
]


@for_each("route", ROUTES)
@for_each(("body", "message"), BAD_BODIES)
def test_a_body_that_is_no_json_object_is_refused_and_takes_no_turn(
    make_client: MakeClient, route: str, body: bytes, message: str
) -> None:
    client = make_client(*numbered(2))
    response = client.post(route, data=body, content_type="application/json")
    assert response.status_code == 400
    assert message in error_of(route, response)["message"]
    assert "X-LLMSim-Position" not in response.headers
    assert position(client) == 0


@for_each("route", ROUTES)
@for_each("digits", [20, 308, 309, 4300, 4301, 100_000])
@for_each("sign", ["", "-"])
def test_an_integer_of_any_length_passes(
    make_client: MakeClient, route: str, digits: int, sign: str
) -> None:
    client = make_client(*numbered(2))
    tool = {"name": "f", "parameters": {"maximum": 1}, "input_schema": {"maximum": 1}}
    limit = "max_output_tokens" if "input" in body_for(route) else "max_tokens"
    fields = {limit: "@", "tools": [tool], "extra": {"said": "\ud83d", "at": [1]}}
    body = json.dumps(body_for(route, **fields)).replace('"@"', "9" * digits)
    long = body.replace("1}", sign + "9" * digits + "}").replace("[1]", f"[{sign}{'9' * digits}]")
    response = client.post(route, data=long, content_type="application/json")
    assert (response.status_code, position(client)) == (200, 1)


@for_each("route", ROUTES)
@for_each("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip"])
def test_a_body_that_is_encoded_is_a_415_that_says_so_and_takes_no_turn(
    make_client: MakeClient, route: str, encoding: str
) -> None:
    client = make_client(*numbered(2))
    body = gzip.compress(json.dumps(body_for(route)).encode())
    response = client.post(route, data=body, headers={"Content-Encoding": encoding})
    assert response.status_code == 415
    assert f"Content-Encoding {encoding!r}" in error_of(route, response)["message"]
    if route not in ANTHROPIC:
        assert error_of(route, response)["code"] == "unsupported_content_encoding"
    plain = client.post(route, json=body_for(route), headers={"Content-Encoding": "Identity"})
    assert plain.headers["X-LLMSim-Position"] == "0"


@for_each("route", ROUTES)
def test_a_missing_model_is_refused_by_name_and_takes_no_turn(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(*numbered(2))
    body = body_for(route)
    del body["model"]
    response = client.post(route, json=body)
    error = error_of(route, response)
    assert (response.status_code, error["message"]) == (400, "'model' is required: a string.")
    if route not in ANTHROPIC:
        assert (error["param"], error["code"]) == ("model", "missing_required_parameter")
    assert position(client) == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"]
)
def test_a_wrong_content_type_is_accepted_where_the_body_is_json(
    make_client: MakeClient, content_type: str
) -> None:
    response = make_client(text("a")).post(
        CHAT[0], data=json.dumps(body_for(CHAT[0])), content_type=content_type
    )
    assert response.status_code == 200


def test_a_wrong_content_type_is_named_where_the_body_is_not_json(make_client: MakeClient) -> None:
    response = make_client(text("a")).post(
        CHAT[0], data="a=b", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 400
    assert response.get_json()["error"]["code"] == "unsupported_content_type"
    assert "'application/x-www-form-urlencoded'" in response.get_json()["error"]["message"]


def test_lone_surrogates_as_javascript_sends_them_are_taken(make_client: MakeClient) -> None:
    body = json.dumps(body_for(CHAT[0])).replace("Hi", "\\ud83d").encode()
    assert make_client(text("a")).post(CHAT[0], data=body).status_code == 200


@for_each("route", ROUTES)
def test_a_body_over_the_limit_is_refused_before_it_is_read(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(text("a"), max_body_mb=1)
    response = client.post(route, data=b"x" * (2**20 + 1))
    assert response.status_code == 413
    error = error_of(route, response)
    assert error["type" if route in ANTHROPIC else "code"] == "request_too_large"
    assert "1 MiB" in error["message"]
    assert position(client) == 0


@for_each("route", ROUTES)
@for_each("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_a_405_that_names_the_right_one(
    make_client: MakeClient, route: str, method: str
) -> None:
    client = make_client(*numbered(2))
    response = client.open(route, method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    error = error_of(route, response)
    assert error["message"] == f"{route} does not take {method}; it takes POST."
    if route not in ANTHROPIC:
        assert error["code"] == "method_not_supported"
    assert position(client) == 0


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/openai/v1/nope", "invalid_request_error"),
        ("/v1/nope", "invalid_request_error"),
        ("/openresponses/v1/nope", "not_found"),
        ("/openresponses/nope", "not_found"),
        ("/nope", "invalid_request_error"),
        ("/anthropic/v1/nope", "not_found_error"),
        ("/anthropic/nope", "not_found_error"),
        ("/anthropic/v1/messages/nope", "not_found_error"),
        ("/v1/messages/nope", "not_found_error"),
    ],
)
def test_an_unknown_route_is_a_404_in_the_dialect_of_its_api(
    make_client: MakeClient, path: str, type_: str
) -> None:
    response = make_client(text("a")).post(path, json={})
    assert (response.status_code, response.content_type) == (404, "application/json")
    assert response.get_json()["error"]["type"] == type_
    assert f"POST {path}" in response.get_json()["error"]["message"]


BASES = [
    "/",
    "/v1",
    "/v1/",
    "/openai",
    "/openai/v1",
    "/openresponses/v1",
    "/anthropic",
    "/anthropic/",
    "/anthropic/v1",
    "/anthropic/v1/",
]


@for_each("path", [*BASES, "/health", "/v1/models", "/anthropic/v1/models"])
@for_each("method", ["GET", "HEAD"])
def test_bases_answer_and_take_no_turn(make_client: MakeClient, path: str, method: str) -> None:
    client = make_client(*numbered(2))
    response = client.open(path, method=method)
    assert response.status_code == 200
    assert bool(response.data) is (method == "GET")
    assert position(client) == 0


@pytest.mark.parametrize("route", RESPONSES + OPENRESPONSES + ANTHROPIC)
def test_an_upgrade_to_websocket_is_a_426_and_takes_no_turn(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(*numbered(2))
    response = client.get(route, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert response.status_code == 426
    assert f"POST {route}" in error_of(route, response)["message"]
    assert position(client) == 0


@for_each("route", ROUTES)
def test_unknown_query_strings_are_ignored(make_client: MakeClient, route: str) -> None:
    client = make_client(*numbered(2))
    assert text_of(client.post(route + "?beta=true", json=body_for(route)).get_json()) == "0"
    assert position(client) == 1


@pytest.mark.parametrize("route", [CHAT[0], ANTHROPIC[0]])
def test_a_browser_on_any_page_may_call_and_read_the_headers(
    make_client: MakeClient, route: str
) -> None:
    client = make_client({"type": "error", "kind": "rate_limit"}, text("a"))
    asked = {
        "Origin": "http://page",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-stainless-os",
    }
    preflight = client.options(route, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization,x-stainless-os"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    for _ in range(2):
        response = client.post(route, json=body_for(route), headers={"Origin": "http://page"})
        exposed = {
            name.strip().lower()
            for name in response.headers["Access-Control-Expose-Headers"].split(",")
        }
        own = {
            name.lower()
            for name, _ in response.headers
            if name.lower().startswith(
                ("x-llmsim", "x-r", "retry", "openai", "request", "anthropic")
            )
        }
        assert len(own) > 5
        assert own <= exposed
        assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_the_models_are_those_of_the_setting(make_client: MakeClient) -> None:
    client = make_client(text("a"), models=("m1", "meta/llama"))
    shapes = {
        base: set(client.get(f"{base}/models/m1").get_json())
        for base in ("/openai/v1", "/openresponses/v1", "/v1")
    }
    assert list(shapes.values()) == [{"id", "object", "created", "owned_by"}] * 3
    for base in ("/v1", "/openai/v1", "/openresponses/v1"):
        assert [model["id"] for model in client.get(f"{base}/models").get_json()["data"]] == [
            "m1",
            "meta/llama",
        ]
        assert client.get(f"{base}/models/meta/llama").get_json()["id"] == "meta/llama"
        unlisted = client.get(f"{base}/models/not/listed")
        assert (unlisted.status_code, unlisted.get_json()["id"]) == (200, "not/listed")


@pytest.mark.parametrize(
    ("route", "type_"),
    [(CHAT[0], "server_error"), (OPENRESPONSES[0], "server_error"), (ANTHROPIC[0], "api_error")],
)
def test_a_failure_inside_llmsim_is_an_error_in_the_dialect(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, route: str, type_: str
) -> None:
    client = make_client(text("a"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("llmsim.serving.rendering.usage_of", lambda *_: 1 // 0)
    response = client.post(route, json=body_for(route))
    assert (response.status_code, response.content_type) == (500, "application/json")
    assert error_of(route, response)["type"] == type_
