"""OpenResponses, next to OpenAI's Responses.

https://www.openresponses.org, specification of 2026-04-24.

A stream ends with `[DONE]`, what is echoed is held to a stricter schema, and errors have their own
types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmsim.apis.openai_errors import error_body
from llmsim.apis.renderer import Call, Stamp
from llmsim.apis.responses.echo import OPENRESPONSES_ECHO
from llmsim.apis.responses.renderer import ResponsesRenderer
from llmsim.reply import Failure, Reply
from llmsim.sse import DONE, Event

_BY_KIND = {"rate_limit": "too_many_requests"}
_BY_STATUS = {404: "not_found", 429: "too_many_requests"}
_CLIENT_ERROR, _SERVER_ERROR = "invalid_request", "server_error"


class OpenResponsesRenderer(ResponsesRenderer):
    """`/responses` as the OpenResponses specification has it."""

    name = "openresponses"
    echo_table = OPENRESPONSES_ECHO

    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        """The events of a response, and the `[DONE]` that the specification requires."""
        yield from super().events(reply, call, stamp)
        yield DONE

    def error(self, failure: Failure, request_id: str) -> dict[str, Any]:  # noqa: ARG002 (a header only, as with OpenAI)
        """The body of an error answer. `param` and `code` are strings.

        `@ai-sdk/open-responses` drops the message of a body with nulls.
        """
        error_type = _error_type(failure)
        return error_body(
            failure, error_type, param=failure.param or "", code=failure.code or error_type
        )


def _error_type(failure: Failure) -> str:
    """The specification ties error types to statuses.

    A scripted rate limit is one whatever its status.
    """
    by_class = _SERVER_ERROR if failure.status >= 500 else _CLIENT_ERROR
    return _BY_KIND.get(failure.kind) or _BY_STATUS.get(failure.status, by_class)
