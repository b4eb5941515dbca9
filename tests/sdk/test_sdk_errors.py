"""Scripted errors arrive as the openai SDK's own exceptions, with what the body says about them."""

from __future__ import annotations

from typing import Any, NamedTuple

import openai
import pytest
from openai import APIStatusError, OpenAI

from tests.sdk.said import Ask
from tests.sdk.scripted import RATE_LIMIT, Served
from tests.sdk.ways import WAYS, Way


class Row(NamedTuple):
    """An error turn, and what the SDK makes of it.

    `openresponses` is the type and the code there, `param` is empty.
    """

    turn: dict[str, Any]
    exception: type[APIStatusError]
    status: int
    message: str
    openai: tuple[str, str | None]
    openresponses: tuple[str, str]


def _other(status: int | None, exception: type[APIStatusError], openresponses: str) -> Row:
    message = f"as status {status}"
    turn = {"type": "error", "kind": "other", "message": message} | (
        {} if status is None else {"status_code": status}
    )
    return Row(
        turn,
        exception,
        status or 500,
        message,
        ("server_error", None),
        (openresponses, openresponses),
    )


_TIMEOUT = {"type": "error", "kind": "timeout"}
_INVALID = {"type": "error", "kind": "invalid_request", "message": "bad ärgs \U0001f642"}


def _limited(message: str, turn: dict[str, Any]) -> Row:
    code = "rate_limit_exceeded"
    return Row(
        turn,
        openai.RateLimitError,
        429,
        message,
        ("rate_limit_error", code),
        ("too_many_requests", code),
    )


ROWS = [
    _limited("Rate limit exceeded. Please retry after some time.", RATE_LIMIT),
    _limited("Slower.", RATE_LIMIT | {"message": "Slower."}),
    Row(
        _TIMEOUT,
        openai.InternalServerError,
        504,
        "Request timed out",
        ("timeout_error", "timeout"),
        ("server_error", "timeout"),
    ),
    Row(
        _INVALID,
        openai.BadRequestError,
        400,
        _INVALID["message"],
        ("invalid_request_error", None),
        ("invalid_request", "invalid_request"),
    ),
    _other(None, openai.InternalServerError, "server_error"),
    _other(400, openai.BadRequestError, "invalid_request"),
    _other(401, openai.AuthenticationError, "invalid_request"),
    _other(403, openai.PermissionDeniedError, "invalid_request"),
    _other(404, openai.NotFoundError, "not_found"),
    _other(409, openai.ConflictError, "invalid_request"),
    _other(413, APIStatusError, "invalid_request"),
    _other(418, APIStatusError, "invalid_request"),
    _other(422, openai.UnprocessableEntityError, "invalid_request"),
    _other(429, openai.RateLimitError, "too_many_requests"),
    _other(502, openai.InternalServerError, "server_error"),
    _other(503, openai.InternalServerError, "server_error"),
    _other(529, openai.InternalServerError, "server_error"),
    _other(599, openai.InternalServerError, "server_error"),
]
TURNS = [row.turn for row in ROWS]


def _expected(row: Row, base: str) -> dict[str, Any]:
    openresponses = base == "/openresponses/v1"
    error_type, code = row.openresponses if openresponses else row.openai
    told = {
        "type": error_type,
        "code": code,
        "param": "" if openresponses else None,
        "message": row.message,
    }
    return {"class": row.exception, "status": row.status, "body": told} | {
        name: told[name] for name in ("type", "code", "param")
    }


def _raised(ask: Ask) -> dict[str, Any]:
    with pytest.raises(APIStatusError) as caught:
        ask([{"role": "user", "content": "Hi"}])
    error = caught.value
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    found = {"class": type(error), "status": error.status_code, "body": error.body}
    return found | {"type": error.type, "code": error.code, "param": error.param}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_error_kind_is_the_sdks_own_exception_and_takes_one_turn(
    way: Way, served: Served, start: int
) -> None:
    with way.open(served.server.origin, max_retries=0) as ask:
        raised = [_raised(ask) for _ in ROWS]
    assert raised == [_expected(row, way.base) for row in ROWS]
    assert served.position() == start + len(ROWS)


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"content": "no role"}]}, "messages[0].role"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "user", "content": "Hi"}], "n": 0}, "n"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_is_refused_is_a_bad_request_error_at_once_and_takes_no_turn(
    request_: dict[str, Any], param: str, stream: bool, served: Served
) -> None:
    before = served.position()
    with (
        OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client,
        pytest.raises(openai.BadRequestError) as raised,
    ):
        client.chat.completions.create(model="gpt-5", stream=stream, **request_)
    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")
    assert served.position() == before
