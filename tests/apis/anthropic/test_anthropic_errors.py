from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ErrorResponse

from llmsim.allowance import Allowance
from llmsim.json_text import compact
from llmsim.reply import Failure
from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import RENDERERS, ROUTES_OF, request_to
from tests.running import text

ROUTES = ROUTES_OF["anthropic"]
BODY = request_to("anthropic")

# The kind and the status of a failure -> `error.type`.
TYPES = {
    ("rate_limit", 429): "rate_limit_error",
    ("timeout", 504): "timeout_error",
    ("invalid_request", 400): "invalid_request_error",
    ("invalid_request", 405): "invalid_request_error",
    ("invalid_request", 426): "invalid_request_error",
    ("not_found", 404): "not_found_error",
    ("too_large", 413): "request_too_large",
    ("unavailable", 503): "api_error",
    ("exhausted", 500): "api_error",
} | {
    ("other", status): error_type
    for error_type, statuses in {
        "authentication_error": [401],
        "billing_error": [402],
        "permission_error": [403],
        "not_found_error": [404],
        "request_too_large": [413],
        "rate_limit_error": [429],
        "timeout_error": [504],
        "overloaded_error": [529],
        "invalid_request_error": [400, 405, 408, 409, 410, 418, 422, 499],
        "api_error": [500, 501, 502, 503, 505, 520, 528, 530, 599],
    }.items()
    for status in statuses
}

SCRIPTED: list[tuple[dict[str, Any], int, str, str]] = [
    (
        {"kind": "rate_limit"},
        429,
        "rate_limit_error",
        "Rate limit exceeded. Please retry after some time.",
    ),
    ({"kind": "timeout"}, 504, "timeout_error", "Request timed out"),
    ({"kind": "timeout", "message": "slow"}, 504, "timeout_error", "slow"),
    ({"kind": "invalid_request", "message": "bad args"}, 400, "invalid_request_error", "bad args"),
    ({"kind": "other", "message": "boom"}, 500, "api_error", "boom"),
] + [
    ({"kind": "other", "message": "boom", "status_code": status}, status, error_type, "boom")
    for (kind, status), error_type in TYPES.items()
    if kind == "other"
]


@for_each(("kind", "status"), [*TYPES])
def test_the_error_type_follows_the_kind_or_else_the_status(kind: str, status: int) -> None:
    body = RENDERERS["anthropic"].error(Failure(status, kind, "Why.", "a_code", "a_param"), "req_1")
    assert body == {
        "type": "error",
        "error": {"type": TYPES[kind, status], "message": "Why."},
        "request_id": "req_1",
    }
    if TYPES[kind, status] == "request_too_large":
        return  # documented, and unknown to the SDK's types
    parsed = ErrorResponse.model_validate_json(compact(body), strict=True)
    assert not parsed.model_extra
    assert not parsed.error.model_extra


@for_each("stream", [False, True])
@for_each("route", ROUTES)
@for_each(("turn", "status", "type_", "message"), SCRIPTED)
def test_a_scripted_error_answers_with_its_status_streamed_or_not(
    make_client: MakeClient,
    route: str,
    stream: bool,
    turn: dict[str, Any],
    status: int,
    type_: str,
    message: str,
) -> None:
    client = make_client({"type": "error", **turn}, text("next"))
    response = client.post(route, json={**BODY, "stream": stream})
    assert (response.status_code, response.content_type) == (status, "application/json")
    request_id = response.headers["request-id"]
    assert response.get_json() == {
        "type": "error",
        "error": {"type": type_, "message": message},
        "request_id": request_id,
    }
    assert request_id.startswith("req_")
    assert response.headers["X-LLMSim-Position"] == "0"
    assert client.get("/health").get_json()["position"] == 1


def test_every_error_has_a_request_id_of_its_own(make_client: MakeClient) -> None:
    client = make_client({"type": "error", "kind": "timeout"})
    assert len({client.post(ROUTES[0], json=BODY).headers["request-id"] for _ in range(20)}) == 20


def test_a_refused_request_has_its_request_id_in_header_and_body(make_client: MakeClient) -> None:
    response = make_client(text("a")).post(ROUTES[0], json={**BODY, "max_tokens": 0})
    assert response.status_code == 400
    assert response.get_json() == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "'max_tokens' must be an integer from 1 up, got 0.",
        },
        "request_id": response.headers["request-id"],
    }


def test_the_rate_limit_headers_name_the_second_at_which_it_is_free_again() -> None:
    allowances = [Allowance("requests", 60, 0, 7), Allowance("tokens", 1000, 999, 0.06)]
    assert RENDERERS["anthropic"].rate_limits(allowances, 1_764_000_000) == [
        ("anthropic-ratelimit-requests-limit", "60"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2025-11-24T16:00:07Z"),
        ("anthropic-ratelimit-tokens-limit", "1000"),
        ("anthropic-ratelimit-tokens-remaining", "999"),
        ("anthropic-ratelimit-tokens-reset", "2025-11-24T16:00:01Z"),
    ]


@pytest.mark.parametrize(
    "turn", [{"kind": "rate_limit"}, {"kind": "other", "message": "m", "status_code": 429}], ids=str
)
def test_a_429_says_when_to_retry_in_the_api_s_own_headers(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, turn: dict[str, Any]
) -> None:
    monkeypatch.setattr("llmsim.serving.rate_headers.time.time", lambda: 1_764_000_000.9)
    headers = (
        make_client({"type": "error", **turn}, retry_after=7).post(ROUTES[0], json=BODY).headers
    )
    assert headers["Retry-After"] == "7"
    limits = {name.lower(): value for name, value in headers if "ratelimit" in name.lower()}
    assert limits == {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2025-11-24T16:00:07Z",
    }


def test_only_a_429_has_them(make_client: MakeClient) -> None:
    client = make_client(
        {"type": "error", "kind": "other", "message": "m", "status_code": 529}, text("a")
    )
    for status in (529, 200):
        response = client.post(ROUTES[0], json=BODY)
        assert response.status_code == status
        assert not [
            name
            for name, _ in response.headers
            if "ratelimit" in name.lower() or name.lower().startswith("retry-after")
        ]
