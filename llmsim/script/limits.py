"""`limits`: how much may be asked in a minute. What is beyond that is refused and takes no turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from llmsim.script.fields import Checked, Optional, OptionalPart, PartSchema, optional_word
from llmsim.script.rules import an_integer_up_to, one_of, optional, require

SESSION: Final = "session"
KEY: Final = "key"
BY: Final = (SESSION, KEY)

# Beyond these a store would count less than a microsecond for each.
MOST: Final[Mapping[str, int]] = {
    "requests_per_minute": 1_000_000,
    "tokens_per_minute": 60_000_000,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests and tokens of a minute; 0 sets no limit, None leaves what the settings say.

    `by` is `session`, or `key`: then each API key has the limits for itself, within its session.

    Raises:
        ScriptInvalidError: a number is out of range, or the word is unknown.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        for key, most in MOST.items():
            require(key, optional(an_integer_up_to(most))(getattr(self, key)))
        require("by", optional(one_of("way to limit", BY))(self.by))

    @property
    def is_set(self) -> bool:
        """Whether anything is limited."""
        return bool(self.requests_per_minute or self.tokens_per_minute)


def _per_minute(key: str, description: str) -> Checked:
    return Optional(
        an_integer_up_to(MOST[key]),
        {"type": "integer", "minimum": 0, "maximum": MOST[key]},
        f"{description} 0 sets no limit.",
        load_default=None,
    )


class LimitsSchema(PartSchema):
    """Rate limits. A request beyond them is refused with HTTP 429 and takes no turn."""

    makes = Limits
    requests_per_minute = _per_minute("requests_per_minute", "Requests that a minute allows.")
    tokens_per_minute = _per_minute(
        "tokens_per_minute", "Tokens that a minute allows, of prompts and answers together."
    )
    by = optional_word(
        "Who has the limits for himself: each session (the default), or each API key within its "
        "session.",
        "way to limit",
        BY,
    )


def limits_field() -> OptionalPart:
    """The key `limits`."""
    return OptionalPart(
        LimitsSchema(), "Rate limits. A request beyond them is a 429 and takes no turn."
    )
