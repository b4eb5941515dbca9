"""An answer as the tests look at it, whichever SDK it came through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Called(NamedTuple):
    """A tool call, its arguments read."""

    id: str
    name: str
    arguments: Any


class Said(NamedTuple):
    """An answer.

    `items` are what the history gets of it, `usage` the tokens of prompt, completion and cache,
    where the way tells them.
    """

    id: str
    text: str | None
    calls: list[Called]
    ended: str | None
    items: list[Any]
    reasoning: str | None = None
    refusal: str | None = None
    usage: tuple[int, int, int] | None = None


Ask = Callable[[list[Any]], Said]


def joined(texts: list[str]) -> str | None:
    """The texts as one, or None where there is none."""
    return "".join(texts) if texts else None
