"""`latency`: how long an answer takes. The same keys in a turn, in a script and in the settings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from llmsim.latency_profiles import AUTO, INSTANT, NAMES, PROFILES, Profile, profile_of
from llmsim.script.fields import Checked, Optional, PartSchema, optional_word
from llmsim.script.rules import MOST_MS, a_duration_ms, a_number, one_of, optional, require
from llmsim.script.word_or_part import WordOrPart

_MOST_TIMES = 1_000

_a_factor = a_number(0, _MOST_TIMES)
_a_profile = one_of("latency profile", NAMES)


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency profile by name, `auto`, or numbers that stand in place of a profile's.

    Numbers are in milliseconds; None leaves what the profile says, or without one what is said
    further out: by the script for a turn, by the settings for a script. `scale` is a factor for
    every wait.

    Raises:
        ScriptInvalidError: a profile is unknown, or a number out of range.
    """

    profile: str | None = None
    ttft_mean_ms: float | None = None
    ttft_stddev_ms: float | None = None
    tbt_mean_ms: float | None = None
    tbt_stddev_ms: float | None = None
    ttft_per_1k_prompt_tokens_ms: float | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        require("profile", optional(_a_profile)(self.profile))
        for key in fields(self)[1:]:
            value = getattr(self, key.name)
            rule = _a_factor if key.name == "scale" else a_duration_ms
            require(key.name, optional(rule)(value))
            if isinstance(value, float) and value.is_integer():
                # Equal scripts are written alike.
                object.__setattr__(self, key.name, int(value))

    def over(self, outer: Latency | None) -> Latency:
        """This latency where it says something, else `outer`."""
        if outer is None:
            return self
        if self.profile is not None:  # which replaces the numbers of another
            outer = replace(outer, profile=None, **dict.fromkeys(Profile._fields))
        said = {
            key.name: value
            for key in fields(self)
            if (value := getattr(self, key.name)) is not None
        }
        return replace(outer, **said)

    def numbers(self, model: str) -> Profile:
        """The four numbers, for a model of that name."""
        name = self.profile or INSTANT
        named = profile_of(model) if name == AUTO else PROFILES[name]
        given = (getattr(self, key) for key in Profile._fields)
        return Profile(
            *(there if own is None else own for own, there in zip(given, named, strict=True))
        )


def _milliseconds(description: str) -> Checked:
    return Optional(
        a_duration_ms,
        {"type": "number", "minimum": 0, "maximum": MOST_MS},
        f"{description} In milliseconds.",
        load_default=None,
    )


class LatencySchema(PartSchema):
    """How long an answer takes."""

    makes = Latency
    profile = optional_word(
        "A latency profile; 'auto' goes by the request's model.", "latency profile", NAMES
    )
    ttft_mean_ms = _milliseconds("Mean wait for the first token.")
    ttft_stddev_ms = _milliseconds("Its standard deviation.")
    tbt_mean_ms = _milliseconds("Mean time between two tokens.")
    tbt_stddev_ms = _milliseconds("Its standard deviation.")
    ttft_per_1k_prompt_tokens_ms = _milliseconds(
        "By how much the wait for the first token grows with each 1,000 tokens of the prompt."
    )
    scale = Optional(
        _a_factor,
        {"type": "number", "minimum": 0, "maximum": _MOST_TIMES},
        "A factor for every wait: 0.1 is ten times as fast.",
        load_default=None,
    )


def latency_field(description: str) -> WordOrPart:
    """The key `latency`."""
    return WordOrPart(
        LatencySchema(),
        "profile",
        f"{description} The name of a latency profile, or an object.",
    )
