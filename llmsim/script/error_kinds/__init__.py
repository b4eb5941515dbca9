"""Error kinds: what an error turn can answer.

A new one is a dataclass and a schema here, and one line in `ERROR_KINDS`. Where an API has a status
or words of its own for it, those stand with the API's errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from llmsim.reply import NO_ANSWER, Failure
from llmsim.script import fields
from llmsim.script.error_kinds.kind import ErrorKind, KindSchema
from llmsim.script.rules import an_error_status, require

_RATE_LIMIT_MESSAGE = "Rate limit exceeded. Please retry after some time."
_TIMEOUT_MESSAGE = "Request timed out"


@dataclass(frozen=True, slots=True)
class RateLimit(ErrorKind):
    """HTTP 429."""

    message: str = _RATE_LIMIT_MESSAGE
    status: ClassVar[int] = 429
    word: ClassVar[str] = "rate_limit"
    code: ClassVar[str | None] = "rate_limit_exceeded"


class RateLimitSchema(KindSchema):
    """HTTP 429: too many requests."""

    makes = RateLimit
    message = fields.optional_string("What the error says.", _RATE_LIMIT_MESSAGE)


@dataclass(frozen=True, slots=True)
class Timeout(ErrorKind):
    """HTTP 504, without a wait of its own."""

    message: str = _TIMEOUT_MESSAGE
    status: ClassVar[int] = 504
    word: ClassVar[str] = "timeout"
    code: ClassVar[str | None] = "timeout"


class TimeoutSchema(KindSchema):
    """HTTP 504, sent at once where the turn has no latency."""

    makes = Timeout
    message = fields.optional_string("What the error says.", _TIMEOUT_MESSAGE)


@dataclass(frozen=True, slots=True)
class InvalidRequest(ErrorKind):
    """HTTP 400."""

    message: str
    status: ClassVar[int] = 400
    word: ClassVar[str] = "invalid_request"


class InvalidRequestSchema(KindSchema):
    """HTTP 400: the request is refused."""

    makes = InvalidRequest
    message = fields.string("What the error says.")


@dataclass(frozen=True, slots=True)
class Overloaded(ErrorKind):
    """HTTP 503; Anthropic's own is 529."""

    status: ClassVar[int] = 503
    word: ClassVar[str] = "overloaded"
    code: ClassVar[str | None] = "server_is_overloaded"


class OverloadedSchema(KindSchema):
    """HTTP 503, Anthropic 529: the provider has too much to do."""

    makes = Overloaded


@dataclass(frozen=True, slots=True)
class Authentication(ErrorKind):
    """HTTP 401."""

    status: ClassVar[int] = 401
    word: ClassVar[str] = "authentication"
    code: ClassVar[str | None] = "invalid_api_key"


class AuthenticationSchema(KindSchema):
    """HTTP 401: the key is wrong."""

    makes = Authentication


@dataclass(frozen=True, slots=True)
class Permission(ErrorKind):
    """HTTP 403."""

    status: ClassVar[int] = 403
    word: ClassVar[str] = "permission"


class PermissionSchema(KindSchema):
    """HTTP 403: the key may not do that."""

    makes = Permission


@dataclass(frozen=True, slots=True)
class NotFound(ErrorKind):
    """HTTP 404."""

    status: ClassVar[int] = 404
    word: ClassVar[str] = "not_found"
    code: ClassVar[str | None] = "model_not_found"


class NotFoundSchema(KindSchema):
    """HTTP 404: the model is not there."""

    makes = NotFound


@dataclass(frozen=True, slots=True)
class ContextLength(ErrorKind):
    """HTTP 400."""

    status: ClassVar[int] = 400
    word: ClassVar[str] = "context_length"
    code: ClassVar[str | None] = "context_length_exceeded"


class ContextLengthSchema(KindSchema):
    """HTTP 400: the prompt is too long for the model."""

    makes = ContextLength


@dataclass(frozen=True, slots=True)
class ConnectionReset(ErrorKind):
    """No HTTP answer: the connection is reset."""

    message: str = "The connection is reset."
    status: ClassVar[int] = NO_ANSWER
    word: ClassVar[str] = "connection_reset"


class ConnectionResetSchema(KindSchema):
    """No HTTP answer: the connection is reset."""

    makes = ConnectionReset
    message = fields.optional_string("What the journal says.", "The connection is reset.")


@dataclass(frozen=True, slots=True)
class Other(ErrorKind):
    """Any other error, with an HTTP status from 400 to 599."""

    message: str
    status_code: int = 500
    status: ClassVar[int] = 500
    word: ClassVar[str] = "other"

    def __post_init__(self) -> None:
        ErrorKind.__post_init__(self)
        require("status_code", an_error_status(self.status_code))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return replace(ErrorKind.failure(self), status=self.status_code)


class OtherSchema(KindSchema):
    """Any other error, with its own HTTP status."""

    makes = Other
    message = fields.string("What the error says.")
    status_code = fields.error_status("The HTTP status, 400 to 599; 500 where absent.", 500)


# The word in `kind` -> the schema, whose `makes` is the dataclass.
ERROR_KINDS: Mapping[str, KindSchema] = {
    "rate_limit": RateLimitSchema(),
    "timeout": TimeoutSchema(),
    "invalid_request": InvalidRequestSchema(),
    "overloaded": OverloadedSchema(),
    "authentication": AuthenticationSchema(),
    "permission": PermissionSchema(),
    "not_found": NotFoundSchema(),
    "context_length": ContextLengthSchema(),
    "connection_reset": ConnectionResetSchema(),
    "other": OtherSchema(),
}

__all__ = [
    "ERROR_KINDS",
    "Authentication",
    "ConnectionReset",
    "ContextLength",
    "ErrorKind",
    "InvalidRequest",
    "NotFound",
    "Other",
    "Overloaded",
    "Permission",
    "RateLimit",
    "Timeout",
]
