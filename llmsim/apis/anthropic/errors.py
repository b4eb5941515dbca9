"""Errors as the Anthropic API sends them (https://docs.anthropic.com/en/api/errors.

`anthropic.types.ErrorResponse`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llmsim.apis.renderer import RATE_LIMIT, Renderer
from llmsim.reply import Failure

_BY_KIND = {
    "rate_limit": "rate_limit_error",
    "timeout": "timeout_error",
    "invalid_request": "invalid_request_error",
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

    def rate_limit(self, retry_after: int, now: int) -> list[tuple[str, str]]:
        """The headers of https://docs.anthropic.com/en/api/rate-limits; the time is RFC 3339."""
        reset = datetime.fromtimestamp(now + retry_after, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [
            ("anthropic-ratelimit-requests-limit", RATE_LIMIT),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", reset),
        ]
