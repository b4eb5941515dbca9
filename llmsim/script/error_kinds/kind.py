"""What every error kind has."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from marshmallow import post_load

from llmsim.reply import Failure
from llmsim.script.error_kinds.headers import a_headers, a_retry_after, headers, retry_after
from llmsim.script.fields import PartSchema, optional_string
from llmsim.script.rules import a_string, optional, require
from llmsim.script.turn_keys import TURN_KEYS, TurnKeysSchema


@dataclass(frozen=True, slots=True)
class ErrorKind(ABC):
    """What an error turn answers. An empty `message` leaves the words to the API that is asked.

    `retry_after` is in whole seconds; None leaves the header out, or for a rate limit to the
    settings.
    """

    message: str = ""
    retry_after: int | None = field(default=None, kw_only=True)
    headers: Mapping[str, str] | None = field(default=None, kw_only=True)
    status: ClassVar[int]
    word: ClassVar[str]
    code: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        require("message", a_string(self.message))
        require("retry_after", optional(a_retry_after)(self.retry_after))
        require("headers", optional(a_headers)(self.headers))

    def failure(self) -> Failure:
        """The error as it goes out."""
        return Failure(
            self.status,
            self.word,
            self.message,
            self.code,
            headers=dict(self.headers or {}),
            retry_after=self.retry_after,
        )


class KindSchema(TurnKeysSchema, PartSchema):
    """The keys of an error turn: those of its kind beside those of every turn."""

    discriminators = ("type", "kind")
    message = optional_string("What the error says; the API's own words where absent.", "")
    retry_after = retry_after()
    headers = headers()

    @post_load
    def make(self, data: dict[str, Any], **options: Any) -> tuple[ErrorKind, dict[str, Any]]:
        """The kind, and the keys of every turn."""
        turn_keys = {key: data.pop(key) for key in TURN_KEYS.dump_fields}
        return super().make(data, **options), turn_keys
