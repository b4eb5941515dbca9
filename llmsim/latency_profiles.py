"""Latency profiles: how long models take to answer, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple


class Profile(NamedTuple):
    """Two normal distributions, cut at 0, in milliseconds.

    TTFT is the wait for the first token, TBT the time between two tokens.
    """

    ttft_mean_ms: float
    ttft_stddev_ms: float
    tbt_mean_ms: float
    tbt_stddev_ms: float


INSTANT: Final = "instant"
AUTO: Final = "auto"

PROFILES: Final[Mapping[str, Profile]] = {
    "gpt5": Profile(600, 150, 40, 12),
    "gpt5-mini": Profile(300, 80, 20, 6),
    "o-series": Profile(2000, 500, 30, 10),
    "gpt4": Profile(800, 200, 50, 15),
    "gpt4o": Profile(400, 100, 25, 8),
    "claude-opus": Profile(1000, 250, 60, 20),
    "claude-sonnet": Profile(500, 120, 30, 10),
    "claude-haiku": Profile(200, 50, 15, 5),
    "gemini-pro": Profile(600, 150, 35, 10),
    "gemini-flash": Profile(200, 50, 15, 5),
    "deepseek": Profile(500, 120, 30, 10),
    "deepseek-reasoner": Profile(1500, 400, 25, 8),
    "fast": Profile(10, 2, 1, 0),
    INSTANT: Profile(0, 0, 0, 0),
}
NAMES: Final = (*PROFILES, AUTO)

UNKNOWN_MODEL: Final = "gpt4o"
"""The profile of `auto` for a model that no pattern below knows."""

# The first that is found in a model's name, in lower case and without what stands before a slash.
_MODELS: Final = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^(chat)?gpt-?5.*(mini|nano)", "gpt5-mini"),
        (r"^(chat)?gpt-?5|^codex", "gpt5"),
        (r"^o[1-9]", "o-series"),
        (r"^(chat)?gpt-?4o|^gpt-?4\.1", "gpt4o"),
        (r"^gpt-?4", "gpt4"),
        (r"claude.*opus", "claude-opus"),
        (r"claude.*haiku", "claude-haiku"),
        (r"claude", "claude-sonnet"),
        (r"gemini.*flash", "gemini-flash"),
        (r"gemini", "gemini-pro"),
        (r"deepseek.*(reason|r[1-9])", "deepseek-reasoner"),
        (r"deepseek", "deepseek"),
    )
]


def profile_of(model: str) -> Profile:
    """The profile of `auto` for a model's name, such as `gpt-5-mini` or `openai/gpt-5-mini`."""
    name = model.lower().rpartition("/")[2]
    found = (profile for pattern, profile in _MODELS if pattern.search(name))
    return PROFILES[next(found, UNKNOWN_MODEL)]
