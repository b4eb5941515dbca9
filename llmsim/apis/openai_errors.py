"""Errors as the OpenAI APIs send them.

`{"error": {message, type, param, code}}`, all four keys always there
(`openai.types.shared.ErrorObject`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from llmsim.allowance import Allowance
from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.reply import Failure
from llmsim.sse import Event

_SERVER_ERROR = "server_error"

ERROR_TYPES = {
    "rate_limit": "rate_limit_error",
    "timeout": "timeout_error",
    "invalid_request": "invalid_request_error",
    "not_found": "invalid_request_error",
    "authentication": "invalid_request_error",
    "permission": "invalid_request_error",
    "context_length": "invalid_request_error",
    "overloaded": "service_unavailable_error",
    "too_large": "invalid_request_error",
    "other": _SERVER_ERROR,  # whatever its status: the type is the script's own word
    "exhausted": _SERVER_ERROR,
    "unavailable": _SERVER_ERROR,
}


def error_body(
    failure: Failure, error_type: str, *, param: str | None, code: str | None
) -> dict[str, Any]:
    """The error object around the failure's message."""
    return {"error": {"message": failure.message, "type": error_type, "param": param, "code": code}}


class OpenAIRenderer(Renderer):
    """What the OpenAI APIs share: the shape of an error, and the names of headers."""

    processing_ms_header = "openai-processing-ms"
    own_params: ClassVar[Mapping[str, str]] = {"context_length": "messages"}
    own_messages: ClassVar[Mapping[str, str]] = {
        "overloaded": "Our servers are currently overloaded. Please try again later.",
        "authentication": "Incorrect API key provided.",
        "permission": "You have insufficient permissions for this operation.",
        "not_found": "The model does not exist or you do not have access to it.",
        "context_length": (
            "This model's maximum context length is 128000 tokens. However, your messages "
            "resulted in 128001 tokens. Please reduce the length of the messages."
        ),
    }

    def error(self, failure: Failure, request_id: str) -> dict[str, Any]:  # noqa: ARG002 (OpenAI sends it as a header only)
        """The body of an error answer; `type` follows the failure's kind."""
        return error_body(
            failure,
            ERROR_TYPES.get(failure.kind, _SERVER_ERROR),
            param=failure.param,
            code=failure.code,
        )

    def broken_off(
        self,
        failure: Failure,
        call: Call,  # noqa: ARG002
        stamp: Stamp,  # noqa: ARG002
        sent: int,  # noqa: ARG002
    ) -> Iterator[Event]:
        """An error in the place of a chunk; nothing follows.

        The SDK raises `openai.APIError` (`openai._streaming`).
        """
        yield Event(self.error(failure, ""))

    def rate_limits(self, allowances: Iterable[Allowance], now: float) -> list[tuple[str, str]]:  # noqa: ARG002 (the time is relative here)
        """The headers of OpenAI's guide to rate limits."""
        return [
            header
            for what, limit, remaining, reset in allowances
            for header in (
                (f"x-ratelimit-limit-{what}", str(limit)),
                (f"x-ratelimit-remaining-{what}", str(remaining)),
                (f"x-ratelimit-reset-{what}", _duration(reset)),
            )
        ]


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `412ms`, `8.64s`, `6m0s`."""
    milliseconds = math.ceil(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"
