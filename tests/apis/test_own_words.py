"""Errors that every API has in words of its own: where the script gives none, it says those."""

from __future__ import annotations

from typing import Any

from llmsim.reply import Failure
from llmsim.script import (
    Authentication,
    ConnectionReset,
    ContextLength,
    NotFound,
    Overloaded,
    Permission,
)
from llmsim.script.error_kinds import ErrorKind
from tests.each import for_each
from tests.requests import RENDERERS

# Status, type, code, param and the beginning of the message.
TOLD: dict[tuple[type[ErrorKind], str], tuple[int, str, str | None, str | None, str]] = {
    (Overloaded, "chat"): (
        503,
        "service_unavailable_error",
        "server_is_overloaded",
        None,
        "Our servers are currently overloaded.",
    ),
    (Authentication, "chat"): (
        401,
        "invalid_request_error",
        "invalid_api_key",
        None,
        "Incorrect API key",
    ),
    (Permission, "chat"): (403, "invalid_request_error", None, None, "You have insufficient"),
    (NotFound, "chat"): (404, "invalid_request_error", "model_not_found", None, "The model"),
    (ContextLength, "chat"): (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "messages",
        "This model's maximum context length is",
    ),
    (ContextLength, "responses"): (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "input",
        "Your input exceeds the context window",
    ),
    (Overloaded, "openresponses"): (
        503,
        "server_error",
        "server_is_overloaded",
        "",
        "Our servers are currently overloaded.",
    ),
    (ContextLength, "openresponses"): (
        400,
        "invalid_request",
        "context_length_exceeded",
        "input",
        "Your input exceeds the context window",
    ),
    (Permission, "openresponses"): (403, "invalid_request", "invalid_request", "", "You have"),
}
ANTHROPIC: dict[type[ErrorKind], tuple[int, str, str]] = {
    Overloaded: (529, "overloaded_error", "Overloaded"),
    Authentication: (401, "authentication_error", "invalid x-api-key"),
    Permission: (403, "permission_error", "Your API key does not have permission"),
    NotFound: (404, "not_found_error", "The requested model"),
    ContextLength: (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000"),
}


def told(api: str, failure: Failure) -> tuple[int, dict[str, Any]]:
    own = RENDERERS[api].in_own_words(failure)
    error: dict[str, Any] = RENDERERS[api].error(own, "req_1")["error"]
    return own.status, error


@for_each(("case", "expected"), list(TOLD.items()))
def test_an_openai_api_says_it_in_its_own_words(
    case: tuple[type[ErrorKind], str], expected: tuple[int, str, str | None, str | None, str]
) -> None:
    kind, api = case
    status, error = told(api, kind().failure())
    *rest, message = expected
    assert [status, error["type"], error["code"], error["param"]] == rest
    assert error["message"].startswith(message)


@for_each(("kind", "expected"), list(ANTHROPIC.items()))
def test_anthropics_api_does_so_too_and_has_a_status_of_its_own(
    kind: type[ErrorKind], expected: tuple[int, str, str]
) -> None:
    status, error = told("anthropic", kind().failure())
    assert (status, error["type"]) == expected[:2]
    assert error["message"].startswith(expected[2])


@for_each("api", [*RENDERERS])
def test_the_scripts_own_words_go_before(api: str) -> None:
    for kind in ANTHROPIC:
        _, error = told(api, kind("Mine.").failure())
        assert error["message"] == "Mine."


def test_no_answer_has_a_status_that_never_goes_out() -> None:
    failure = ConnectionReset().failure()
    assert (failure.status, failure.kind) == (444, "connection_reset")
