"""Error kinds: what an error turn can answer.

A new one is a dataclass and a schema, and one line in `ERROR_KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import post_load

from llmsim.reply import Failure
from llmsim.script import fields
from llmsim.script.fields import PartSchema
from llmsim.script.rules import a_string, an_error_status, require
from llmsim.script.turn_keys import TURN_KEYS, TurnKeysSchema

_RATE_LIMIT_MESSAGE = "Rate limit exceeded. Please retry after some time."
_TIMEOUT_MESSAGE = "Request timed out"


class ErrorKind(ABC):
    """What an error turn answers."""

    __slots__ = ()

    @abstractmethod
    def failure(self) -> Failure:
        """The error as it goes out."""


class KindSchema(TurnKeysSchema, PartSchema):
    """The keys of an error turn: those of its kind beside those of every turn."""

    discriminators = ("type", "kind")

    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> tuple[ErrorKind, dict[str, Any]]:
        """The kind, and the keys of every turn."""
        turn_keys = {key: data.pop(key) for key in TURN_KEYS.dump_fields}
        return super().make(data, **options), turn_keys


@dataclass(frozen=True, slots=True)
class RateLimit(ErrorKind):
    """HTTP 429."""

    message: str = _RATE_LIMIT_MESSAGE

    def __post_init__(self) -> None:
        require("message", a_string(self.message))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return Failure(429, "rate_limit", self.message, code="rate_limit_exceeded")


class RateLimitSchema(KindSchema):
    """HTTP 429: too many requests."""

    makes = RateLimit
    message = fields.optional_string("What the error says.", _RATE_LIMIT_MESSAGE)


@dataclass(frozen=True, slots=True)
class Timeout(ErrorKind):
    """HTTP 504, sent at once, without a wait."""

    message: str = _TIMEOUT_MESSAGE

    def __post_init__(self) -> None:
        require("message", a_string(self.message))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return Failure(504, "timeout", self.message, code="timeout")


class TimeoutSchema(KindSchema):
    """HTTP 504, sent at once, without a wait."""

    makes = Timeout
    message = fields.optional_string("What the error says.", _TIMEOUT_MESSAGE)


@dataclass(frozen=True, slots=True)
class InvalidRequest(ErrorKind):
    """HTTP 400."""

    message: str

    def __post_init__(self) -> None:
        require("message", a_string(self.message))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return Failure(400, "invalid_request", self.message)


class InvalidRequestSchema(KindSchema):
    """HTTP 400: the request is refused."""

    makes = InvalidRequest
    message = fields.string("What the error says.")


@dataclass(frozen=True, slots=True)
class Other(ErrorKind):
    """Any other error, with an HTTP status from 400 to 599."""

    message: str
    status_code: int = 500

    def __post_init__(self) -> None:
        require("message", a_string(self.message))
        require("status_code", an_error_status(self.status_code))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return Failure(self.status_code, "other", self.message)


class OtherSchema(KindSchema):
    """Any other error, with its own HTTP status."""

    makes = Other
    message = fields.string("What the error says.")
    status_code = fields.error_status("The HTTP status, 400 to 599; 500 where absent.", 500)


ERROR_KINDS: Mapping[str, KindSchema] = {
    "rate_limit": RateLimitSchema(),
    "timeout": TimeoutSchema(),
    "invalid_request": InvalidRequestSchema(),
    "other": OtherSchema(),
}
