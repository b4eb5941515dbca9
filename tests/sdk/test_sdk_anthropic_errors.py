"""Scripted errors arrive as the anthropic SDK's own exceptions, with what the body says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import MessageParam

from tests.narrowing import of_type, present
from tests.sdk.scripted import CLAUDE, OVERLOADED, RATE_LIMIT, Served
from tests.sdk.ways import ANTHROPIC_WAYS, Way

USER: MessageParam = {"role": "user", "content": "Hi"}


class Row(NamedTuple):
    """An error turn, and what the SDK makes of it."""

    turn: dict[str, Any]
    exception: type[APIStatusError]
    status: int
    type: str
    message: str


def _other(status: int | None, exception: type[APIStatusError], error_type: str) -> Row:
    message = f"as status {status}"
    turn = {"type": "error", "kind": "other", "message": message} | (
        {} if status is None else {"status_code": status}
    )
    return Row(turn, exception, status or 500, error_type, message)


_TIMEOUT = {"type": "error", "kind": "timeout"}
_INVALID = {"type": "error", "kind": "invalid_request", "message": "bad ärgs \U0001f642"}

ROWS = [
    Row(
        RATE_LIMIT,
        anthropic.RateLimitError,
        429,
        "rate_limit_error",
        "Rate limit exceeded. Please retry after some time.",
    ),
    Row(
        RATE_LIMIT | {"message": "Slower."},
        anthropic.RateLimitError,
        429,
        "rate_limit_error",
        "Slower.",
    ),
    Row(_TIMEOUT, anthropic.GatewayTimeoutError, 504, "timeout_error", "Request timed out"),
    Row(_INVALID, anthropic.BadRequestError, 400, "invalid_request_error", _INVALID["message"]),
    Row(OVERLOADED, anthropic.OverloadedError, 529, "overloaded_error", "Overloaded"),
    _other(None, anthropic.InternalServerError, "api_error"),
    _other(400, anthropic.BadRequestError, "invalid_request_error"),
    _other(401, anthropic.AuthenticationError, "authentication_error"),
    _other(402, anthropic.PaymentRequiredError, "billing_error"),
    _other(403, anthropic.PermissionDeniedError, "permission_error"),
    _other(404, anthropic.NotFoundError, "not_found_error"),
    _other(405, APIStatusError, "invalid_request_error"),
    _other(409, anthropic.ConflictError, "invalid_request_error"),
    _other(413, anthropic.ContentTooLargeError, "request_too_large"),
    _other(418, APIStatusError, "invalid_request_error"),
    _other(422, anthropic.UnprocessableEntityError, "invalid_request_error"),
    _other(429, anthropic.RateLimitError, "rate_limit_error"),
    _other(502, anthropic.InternalServerError, "api_error"),
    _other(503, anthropic.ServiceUnavailableError, "api_error"),
    _other(504, anthropic.GatewayTimeoutError, "timeout_error"),
    _other(599, anthropic.InternalServerError, "api_error"),
]


@pytest.mark.parametrize("way", ANTHROPIC_WAYS, ids=str)
def test_every_error_kind_and_status_is_the_sdks_own_exception_and_takes_one_turn(
    way: Way, play: Callable[..., Served]
) -> None:
    served = play(*(row.turn for row in ROWS))
    found = []
    with way.open(served.origin, max_retries=0) as ask:
        for row in ROWS:
            with pytest.raises(APIStatusError) as raised:
                ask([USER])
            error = raised.value
            assert error.type == row.type
            body = {
                "type": "error",
                "error": {"type": row.type, "message": row.message},
                "request_id": error.request_id,
            }
            assert error.body == body
            found.append((row.turn, type(error), error.status_code, error.type, error.api_message))
    assert found == [tuple(row) for row in ROWS]
    assert served.position() == len(ROWS)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"content": "no role"}]}, "messages[0].role"),
        ({"messages": "Hi"}, "messages"),
        ({"model": 5}, "model"),
        ({"tools": [5]}, "tools[0]"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_request_is_a_bad_request_error_that_names_the_field_and_takes_no_turn(
    wrong: dict[str, Any], field: str, stream: bool, play: Callable[..., Served]
) -> None:
    served = play(OVERLOADED)
    request: dict[str, Any] = {
        "model": CLAUDE,
        "max_tokens": 9,
        "messages": [USER],
        "stream": stream,
    } | wrong
    with (
        Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client,
        pytest.raises(anthropic.BadRequestError) as raised,
    ):
        client.messages.create(**request)
    assert raised.value.type == "invalid_request_error"
    assert field in present(raised.value.api_message)
    assert served.position() == 0


def test_an_unknown_route_is_a_not_found_error_in_anthropics_shape(
    play: Callable[..., Served],
) -> None:
    served = play(OVERLOADED)
    with (
        Anthropic(base_url=served.url("/anthropic/v2"), api_key="unused") as client,
        pytest.raises(anthropic.NotFoundError) as raised,
    ):
        client.messages.create(model=CLAUDE, max_tokens=9, messages=[USER])
    assert (raised.value.type, of_type(dict, raised.value.body)["request_id"]) == (
        "not_found_error",
        raised.value.request_id,
    )
    assert served.position() == 0
