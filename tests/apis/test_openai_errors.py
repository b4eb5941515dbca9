from __future__ import annotations

from typing import Any

import pytest

from llmsim.allowance import Allowance
from llmsim.reply import Failure
from tests.each import for_each
from tests.requests import RENDERERS

FAILURES = {
    "rate_limit": Failure(429, "rate_limit", "Slow down.", "rate_limit_exceeded"),
    "timeout": Failure(504, "timeout", "Too late.", "timeout"),
    "invalid_request": Failure(400, "invalid_request", "bad args"),
    "refused": Failure(
        400, "invalid_request", "'model' is required.", "missing_required_parameter", "model"
    ),
    "other": Failure(500, "other", "boom"),
    "other_502": Failure(502, "other", "boom"),
    "other_418": Failure(418, "other", "boom"),
    "other_404": Failure(404, "other", "boom"),
    "other_429": Failure(429, "other", "boom"),
    "exhausted": Failure(500, "exhausted", "The script is exhausted.", "script_exhausted"),
    "not_found": Failure(404, "not_found", "No such route."),
    "wrong_method": Failure(405, "invalid_request", "POST only.", "method_not_supported"),
    "too_large": Failure(413, "too_large", "Too large.", "request_too_large"),
    "unavailable": Failure(503, "unavailable", "The store is down."),
}

OPENAI_TYPES = {
    "rate_limit": "rate_limit_error",
    "timeout": "timeout_error",
    "invalid_request": "invalid_request_error",
    "refused": "invalid_request_error",
    "other": "server_error",
    "other_502": "server_error",
    "other_418": "server_error",
    "other_404": "server_error",
    "other_429": "server_error",
    "exhausted": "server_error",
    "not_found": "invalid_request_error",
    "wrong_method": "invalid_request_error",
    "too_large": "invalid_request_error",
    "unavailable": "server_error",
}

# type and code; the code is the failure's own where it has one
OPENRESPONSES_TYPES = {
    "rate_limit": ("too_many_requests", "rate_limit_exceeded"),
    "timeout": ("server_error", "timeout"),
    "invalid_request": ("invalid_request", "invalid_request"),
    "refused": ("invalid_request", "missing_required_parameter"),
    "other": ("server_error", "server_error"),
    "other_502": ("server_error", "server_error"),
    "other_418": ("invalid_request", "invalid_request"),
    "other_404": ("not_found", "not_found"),
    "other_429": ("too_many_requests", "too_many_requests"),
    "exhausted": ("server_error", "script_exhausted"),
    "not_found": ("not_found", "not_found"),
    "wrong_method": ("invalid_request", "method_not_supported"),
    "too_large": ("invalid_request", "request_too_large"),
    "unavailable": ("server_error", "server_error"),
}


def body(api: str, failure: str) -> dict[str, Any]:
    return RENDERERS[api].error(FAILURES[failure], "req_1")


@for_each("api", ["chat", "responses"])
@for_each("failure", [*FAILURES])
def test_the_openai_error_type_follows_the_kind(api: str, failure: str) -> None:
    expected = FAILURES[failure]
    assert body(api, failure) == {
        "error": {
            "message": expected.message,
            "type": OPENAI_TYPES[failure],
            "param": expected.param,
            "code": expected.code,
        }
    }


@pytest.mark.parametrize("failure", FAILURES)
def test_the_openresponses_error_type_follows_the_status_and_nothing_is_null(failure: str) -> None:
    error_type, code = OPENRESPONSES_TYPES[failure]
    expected = FAILURES[failure]
    assert body("openresponses", failure) == {
        "error": {
            "message": expected.message,
            "type": error_type,
            "param": expected.param or "",
            "code": code,
        }
    }


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0s"), (0.0004, "1ms"), (0.412, "412ms"), (1, "1s"), (8.64, "8.64s"), (360.5, "6m0.5s")],
)
def test_the_time_until_a_limit_is_free_again_is_written_as_openai_writes_it(
    seconds: float, written: str
) -> None:
    assert RENDERERS["chat"].rate_limits([Allowance("tokens", 9, 8, seconds)], 0) == [
        ("x-ratelimit-limit-tokens", "9"),
        ("x-ratelimit-remaining-tokens", "8"),
        ("x-ratelimit-reset-tokens", written),
    ]
