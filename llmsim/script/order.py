"""Which turn comes next: by arrival, or by the history that a request shows."""

from __future__ import annotations

from typing import Any, Final

from llmsim import registry
from llmsim.script.rules import a_string

ARRIVAL: Final = "arrival"
HISTORY: Final = "history"
ORDERS: Final = {
    ARRIVAL: "each request takes the next turn",
    HISTORY: "each request gets the turn after those that its own history shows",
}

ALL: Final = "all"
OWN: Final = "own"
STEPS: Final = {
    ALL: "every answer in the history counts",
    OWN: "only answers count whose text is one of the script's",
}


def an_order(value: Any) -> str | None:
    """What keeps `value` from being one of the words of `ORDERS`, or None."""
    return one_of_words("order", value, ORDERS)


def a_steps(value: Any) -> str | None:
    """What keeps `value` from being one of the words of `STEPS`, or None."""
    return one_of_words("steps", value, STEPS)


def one_of_words(what: str, value: Any, words: dict[str, str]) -> str | None:
    """What keeps `value` from being one of the words, or None; `what` is what they are."""
    if isinstance(value, str) and value not in words:
        return registry.unknown(what, value, words)
    return a_string(value)
