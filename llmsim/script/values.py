"""Values that a turn takes from its request: what `{"$value": "..."}` and `{{ ... }}` stand for."""

from __future__ import annotations

from typing import Any

from llmsim.conversation import Request
from llmsim.script.expressions import look_up, seen_in
from llmsim.script.json_value import MAX_DEPTH, as_json


class Values:
    """Finds values in one request, which is read into neutral words for the first of them.

    Null counts as nothing, and so does what is no JSON value, such as an infinite number.
    """

    __slots__ = ("_not_found", "_request", "_seen")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._seen: dict[str, Any] | None = None
        self._not_found: list[str] = []

    @property
    def not_found(self) -> tuple[str, ...]:
        """The expressions that found nothing, each once."""
        return tuple(dict.fromkeys(self._not_found))

    def text(self, expression: str) -> str:
        """What the expression finds, as text: a string as it is, anything else as JSON."""
        found, text = self._find(expression, MAX_DEPTH)
        return found if isinstance(found, str) else text

    def json(self, expression: str, most_levels: int) -> str:
        """The same as JSON text. What is nested deeper than `most_levels` is not found."""
        return self._find(expression, most_levels)[1]

    def _find(self, expression: str, most_levels: int) -> tuple[Any, str]:
        """The value and its JSON text; the empty string where there is none."""
        if self._seen is None:
            self._seen = seen_in(self._request)
        found = look_up(expression, self._seen)
        text, problem = as_json(found, most_levels)
        if found is None or problem:
            self._not_found.append(expression)
            return "", '""'
        return found, text
