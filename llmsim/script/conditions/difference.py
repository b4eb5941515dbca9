"""What keeps a condition from holding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llmsim.json_text import compact

_SHOWN = 80  # characters of a text


class Difference(NamedTuple):
    """A condition that does not hold.

    Made for each request that a track does not take, so its words are made only when they are
    read. `asked` is what the script says, `met` what the request has instead.
    """

    condition: str
    asked: Any
    met: Any
    words: Callable[[Any], str]

    @property
    def wanted(self) -> str:
        """What was wanted: `a text that contains "refund"`."""
        return self.words(self.asked)

    @property
    def found(self) -> str:
        """What was found: `"Where is my order?"`; a long text is cut."""
        return shown(self.met)

    def __str__(self) -> str:
        return f"{self.condition}: wanted {self.wanted}, found {self.found}"


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]" if value else "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items())
    return quoted(compact(value), mark="")


def quoted(text: str, mark: str = '"') -> str:
    """A text in quotes, its beginning where it is long."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return f"{mark}{cut}{mark}"
