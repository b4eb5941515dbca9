"""Errors as the Anthropic API sends them.

https://docs.anthropic.com/en/api/errors, `anthropic.types.ErrorResponse`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from llmsim.allowance import Allowance
from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.reply import Failure
from llmsim.sse import Event

_BY_KIND = {
    "rate_limit": "rate_limit_error",
    "timeout": "timeout_error",
    "invalid_request": "invalid_request_error",
    "overloaded": "overloaded_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "context_length": "invalid_request_error",
}
_BY_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicErrors(Renderer):
    """What the Anthropic routes share: the shape of an error, and the names of headers."""

    request_id_header = "request-id"
    own_statuses: ClassVar[Mapping[str, int]] = {"overloaded": 529}
    own_messages: ClassVar[Mapping[str, str]] = {
        "overloaded": "Overloaded",
        "authentication": "invalid x-api-key",
        "permission": "Your API key does not have permission to use the specified resource.",
        "not_found": "The requested model could not be found.",
        "context_length": "prompt is too long: 200001 tokens > 200000 maximum",
    }

    def error(self, failure: Failure, request_id: str) -> dict[str, Any]:
        """The body of an error answer; the type follows the script's kind, else the status."""
        error_type = _BY_KIND.get(failure.kind) or _BY_STATUS.get(
            failure.status, "api_error" if failure.status >= 500 else "invalid_request_error"
        )
        return {
            "type": "error",
            "error": {"type": error_type, "message": failure.message},
            "request_id": request_id,
        }

    def broken_off(
        self,
        failure: Failure,
        call: Call,  # noqa: ARG002
        stamp: Stamp,
        sent: int,  # noqa: ARG002
    ) -> Iterator[Event]:
        """The event `error`, at which the SDK raises (`anthropic._streaming`)."""
        yield Event(self.error(failure, stamp.id("req")), "error")

    def rate_limits(self, allowances: Iterable[Allowance], now: float) -> list[tuple[str, str]]:
        """The headers of https://docs.anthropic.com/en/api/rate-limits; the time is RFC 3339."""
        return [
            header
            for what, limit, remaining, reset in allowances
            for header in (
                (f"anthropic-ratelimit-{what}-limit", str(limit)),
                (f"anthropic-ratelimit-{what}-remaining", str(remaining)),
                (f"anthropic-ratelimit-{what}-reset", _time(math.ceil(now + reset))),
            )
        ]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
