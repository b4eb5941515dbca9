"""What Anthropic's clients ask for beside messages, and what its answers say over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import MessageTokensCount

from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import MESSAGES as HI
from tests.requests import ROUTES_OF
from tests.running import numbered, text
from tests.wire import assemble
from tests.wire.frames import json_frames
from tests.wire.strict import anthropic_client

MESSAGES = ROUTES_OF["anthropic"]
VERSION = {"anthropic-version": "2023-06-01"}

LOOKED = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "t", "name": "bash", "input": {"command": "ls"}},
    ],
}
SEEN = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": "a.txt"},
        {"type": "text", "text": "Go on."},
    ],
}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}

BODIES: dict[str, dict[str, Any]] = {
    "the least": {"messages": HI},
    "a system text": {"messages": HI, "system": "Be brief."},
    "system blocks": {
        "messages": HI,
        "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
    },
    "tools": {"messages": HI, "tools": [{"name": "bash", "input_schema": {"type": "object"}}]},
    "a tool loop": {"messages": [*HI, LOOKED, SEEN]},
    "a picture": {"messages": [{"role": "user", "content": [PICTURE]}]},
    "a long text": {"messages": [{"role": "user", "content": "all work and no play " * 10_000}]},
    "thinking": {"messages": HI, "thinking": {"type": "enabled", "budget_tokens": 1024}},
}


@for_each("route", MESSAGES)
@for_each("body", BODIES)
def test_count_tokens_tells_what_the_message_will_then_cost_and_takes_no_turn(
    make_client: MakeClient, route: str, body: dict[str, Any]
) -> None:
    client = make_client(*numbered(2))
    for _ in range(3):
        counted = client.post(f"{route}/count_tokens", json={"model": "m", **body})
        assert (counted.status_code, counted.content_type) == (200, "application/json")
        assert client.get("/health").get_json()["position"] == 0
    tokens = MessageTokensCount.model_validate_json(counted.data, strict=True).input_tokens
    assert counted.get_json() == {"input_tokens": tokens}
    answered = client.post(route, json={"model": "m", "max_tokens": 16, **body})
    assert answered.headers["X-LLMSim-Position"] == "0"
    assert answered.get_json()["usage"]["input_tokens"] == tokens > 0


def test_what_says_more_costs_more(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    counted = [
        client.post(f"{MESSAGES[0]}/count_tokens", json={"model": "m", **body}).get_json()[
            "input_tokens"
        ]
        for body in BODIES.values()
    ]
    least, *others, thinking = counted
    assert min(others) > least == thinking


def test_count_tokens_takes_no_turn_of_a_session_either_and_ignores_query_strings(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(2))
    route = "/s/agent-7/anthropic/v1/messages"
    assert (
        client.post(
            f"{route}/count_tokens?beta=true", json={"model": "m", "messages": HI, "stream": True}
        ).status_code
        == 200
    )
    assert (
        client.post(route, json={"model": "m", "max_tokens": 16, "messages": HI}).headers[
            "X-LLMSim-Position"
        ]
        == "0"
    )


@for_each("route", MESSAGES)
@for_each(
    ("data", "status", "type_", "message"),
    [
        (b"", 400, "invalid_request_error", "The request body is empty; send a JSON object."),
        (
            b"[]",
            400,
            "invalid_request_error",
            "The request body must be a JSON object, got an array.",
        ),
        (b'{"messages": []}', 400, "invalid_request_error", "'model' is required: a string."),
        (
            b'{"model": "m"}',
            400,
            "invalid_request_error",
            "'messages' is required: an array of messages.",
        ),
        (
            b'{"model": "m", "messages": []}',
            400,
            "invalid_request_error",
            "'messages' must not be an empty array.",
        ),
        (
            b'{"model": "m", "messages": [{}]}',
            400,
            "invalid_request_error",
            "'messages[0].role' is required: a string.",
        ),
        (b"x" * (2**20 + 1), 413, "request_too_large", "The request body is larger than 1 MiB"),
    ],
)
def test_count_tokens_refuses_what_a_message_would_be_refused_for(
    make_client: MakeClient, route: str, data: bytes, status: int, type_: str, message: str
) -> None:
    response = make_client(text("a"), max_body_mb=1).post(f"{route}/count_tokens", data=data)
    body = response.get_json()
    assert (response.status_code, response.content_type) == (status, "application/json")
    assert (body["type"], body["error"]["type"], body["request_id"]) == (
        "error",
        type_,
        response.headers["request-id"],
    )
    assert body["error"]["message"].startswith(message)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_count_tokens_is_posted(make_client: MakeClient, method: str) -> None:
    response = make_client(text("a")).open(f"{MESSAGES[0]}/count_tokens", method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.get_json()["error"]["type"] == "invalid_request_error"


MODELS = ("m1", "meta/llama")


def anthropic_model(name: str) -> dict[str, str]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2025-06-15T15:06:40Z",
        "lifecycle": "active",
    }


WAYS = [
    ("/anthropic/v1/models", {}),
    ("/anthropic/v1/models", VERSION),
    ("/v1/models", VERSION),
    ("/s/agent-7/anthropic/v1/models", {}),
]


@for_each(("path", "headers"), WAYS)
@for_each("query", ["", "?limit=2", "?limit=1000&beta=true", "?limit=&after_id="])
def test_anthropic_s_models_come_in_its_shape_and_on_one_page_if_they_fit(
    make_client: MakeClient, path: str, headers: dict[str, str], query: str
) -> None:
    body = make_client(text("a"), models=MODELS).get(path + query, headers=headers).get_json()
    assert body == {
        "data": [anthropic_model(name) for name in MODELS],
        "has_more": False,
        "first_id": "m1",
        "last_id": "meta/llama",
    }


FIVE = ("m1", "m2", "m3", "m4", "m5")


@for_each(
    ("query", "found", "more"),
    [
        ("limit=2", "m1 m2", True),
        ("limit=2&after_id=m2", "m3 m4", True),
        ("limit=2&after_id=m3", "m4 m5", False),
        ("limit=2&after_id=m4", "m5", False),
        ("after_id=m5", "", False),
        ("limit=2&before_id=m5", "m3 m4", True),
        ("limit=2&before_id=m3", "m1 m2", False),
        ("limit=2&before_id=m2", "m1", False),
        ("before_id=m1", "", False),
        ("before_id=m5", "m1 m2 m3 m4", False),
        ("limit=5", "m1 m2 m3 m4 m5", False),
    ],
)
def test_a_page_of_models_begins_or_ends_at_an_id(
    make_client: MakeClient, query: str, found: str, *, more: bool
) -> None:
    body = make_client(text("a"), models=FIVE).get(f"/anthropic/v1/models?{query}").get_json()
    names = found.split()
    assert [model["id"] for model in body["data"]] == names
    assert (body["has_more"], body["first_id"], body["last_id"]) == (
        more,
        names[0] if names else None,
        names[-1] if names else None,
    )


def test_a_model_that_is_listed_twice_stands_on_one_page(make_client: MakeClient) -> None:
    client = make_client(text("a"), models=("m1", "m2", "m1", "m3"))
    found = [
        client.get(f"/anthropic/v1/models?limit=1{after}").get_json()
        for after in ("", "&after_id=m1", "&after_id=m2", "&after_id=m3")
    ]
    assert [body["last_id"] for body in found] == ["m1", "m2", "m3", None]


def test_a_page_holds_20_models_where_no_limit_is_given(make_client: MakeClient) -> None:
    names = tuple(f"m{number}" for number in range(21))
    client = make_client(text("a"), models=names)
    body = client.get("/anthropic/v1/models").get_json()
    assert (len(body["data"]), body["has_more"], body["last_id"]) == (20, True, "m19")
    assert len(client.get("/openai/v1/models").get_json()["data"]) == 21


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "'limit' must be an integer from 1 to 1000, got '0'."),
        ("limit=1001", "'limit' must be an integer from 1 to 1000, got '1001'."),
        ("limit=-1", "'limit' must be an integer from 1 to 1000, got '-1'."),
        ("limit=two", "'limit' must be an integer from 1 to 1000, got 'two'."),
        ("limit=" + "9" * 50, f"'limit' must be an integer from 1 to 1000, got '{'9' * 40}'."),
        ("after_id=m9", "'after_id': unknown model 'm9'; expected one of "),
        ("before_id=m9", "'before_id': unknown model 'm9'; expected one of "),
        ("after_id=m1&before_id=m3", "'after_id' and 'before_id' exclude each other."),
    ],
)
def test_a_page_that_there_cannot_be_is_refused_in_anthropic_s_shape(
    make_client: MakeClient, query: str, said: str
) -> None:
    response = make_client(text("a"), models=FIVE).get(f"/anthropic/v1/models?{query}")
    assert response.status_code == 400
    error = response.get_json()["error"]
    assert error["type"] == "invalid_request_error"
    assert said in error["message"]


@pytest.mark.parametrize(("path", "headers"), WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_one_of_anthropic_s_models_may_have_a_slash_in_its_name(
    make_client: MakeClient, path: str, headers: dict[str, str], name: str
) -> None:
    assert make_client(text("a"), models=MODELS).get(
        f"{path}/{name}", headers=headers
    ).get_json() == anthropic_model(name)


@pytest.mark.parametrize(("path", "headers"), WAYS)
def test_a_model_that_is_not_listed_is_there_as_well(
    make_client: MakeClient, path: str, headers: dict[str, str]
) -> None:
    response = make_client(text("a"), models=MODELS).get(f"{path}/meta/lama", headers=headers)
    assert (response.status_code, response.get_json()) == (200, anthropic_model("meta/lama"))


@pytest.mark.parametrize("path", ["/v1/models", "/openai/v1/models", "/openresponses/v1/models"])
def test_without_the_version_header_the_models_are_openai_s(
    make_client: MakeClient, path: str
) -> None:
    body = make_client(text("a"), models=MODELS).get(path).get_json()
    assert (body["object"], [model["object"] for model in body["data"]]) == (
        "list",
        ["model", "model"],
    )


@pytest.mark.parametrize("path", ["/openai/v1/models", "/openresponses/v1/models"])
def test_below_openai_s_prefixes_the_version_header_means_nothing(
    make_client: MakeClient, path: str
) -> None:
    body = make_client(text("a"), models=MODELS).get(path, headers=VERSION).get_json()
    assert body.get("object") == "list"


def test_a_list_of_no_models_has_no_ends(make_client: MakeClient) -> None:
    body = make_client(text("a"), models=()).get("/anthropic/v1/models").get_json()
    assert body == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_the_sdk_accepts_the_models_and_asks_for_no_second_page(make_client: MakeClient) -> None:
    client = make_client(text("a"), models=MODELS)
    page = anthropic_client(client.get("/anthropic/v1/models").data).models.list()
    assert [model.id for model in page] == list(MODELS)
    assert not page.has_next_page()
    model = anthropic_client(client.get("/anthropic/v1/models/meta/llama").data).models.retrieve(
        "meta/llama"
    )
    assert (model.id, model.model_extra) == ("meta/llama", {})


ARGUMENTS = [[1, "two"], "ls", 5, -0.5, 2**70, True, None, {}, {"value": 1}, {"command": "ls"}]


@for_each("arguments", ARGUMENTS)
def test_arguments_that_are_no_object_go_out_as_a_value_plain_and_streamed(
    make_client: MakeClient, arguments: Any
) -> None:
    client = make_client(
        {"type": "tool_calls", "calls": [{"name": "bash", "arguments": arguments, "id": "mine"}]}
    )
    body = {"model": "m", "max_tokens": 16, "messages": HI}
    plain = json.loads(client.post(MESSAGES[0], json=body).data)
    expected = arguments if isinstance(arguments, dict) else {"value": arguments}
    assert plain["content"] == [
        {"type": "tool_use", "id": "mine", "name": "bash", "input": expected}
    ]
    assert plain["stop_reason"] == "tool_use"
    streamed = assemble.message(
        json_frames(client.post(MESSAGES[0], json={**body, "stream": True}).data)
    )
    assert streamed["content"] == plain["content"]


def test_a_key_of_anthropic_s_header_may_name_the_session(make_client: MakeClient) -> None:
    client = make_client(*numbered(3))
    body = {"model": "m", "max_tokens": 16, "messages": HI}
    client.post(MESSAGES[0], json=body)
    response = client.post(
        MESSAGES[0], json=body, headers={"x-api-key": "llmsim-agent-7", **VERSION}
    )
    assert (response.headers["X-LLMSim-Session"], response.headers["X-LLMSim-Position"]) == (
        "agent-7",
        "0",
    )


def test_the_model_is_repeated_and_the_version_header_not_needed(make_client: MakeClient) -> None:
    answered = make_client(text("a")).post(
        MESSAGES[0], json={"model": "claude-of-2030", "max_tokens": 1, "messages": HI}
    )
    assert (answered.status_code, answered.get_json()["model"]) == (200, "claude-of-2030")


@pytest.mark.parametrize("route", MESSAGES)
def test_an_echo_hears_the_last_user_message_behind_tool_results(
    make_client: MakeClient, route: str
) -> None:
    client = make_client({"type": "echo", "prefix": "> "})
    body = {"model": "m", "max_tokens": 16, "messages": [*HI, LOOKED, SEEN]}
    assert client.post(route, json=body).get_json()["content"] == [
        {"type": "text", "text": "> Go on."}
    ]
    results_alone = {"role": "user", "content": SEEN["content"][:1]}
    body = {"model": "m", "max_tokens": 16, "messages": [*HI, LOOKED, results_alone]}
    assert client.post(route, json=body).get_json()["content"] == [{"type": "text", "text": "> Hi"}]
