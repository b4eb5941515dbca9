"""Python values as JSON text, and what keeps them from being JSON values."""

from __future__ import annotations

import json
from typing import Any

from llmsim.script import positions

# In a file, arguments stand five levels down: script, turns, turn, calls, call.
MAX_DEPTH = positions.MAX_DEPTH - 5

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def as_json(value: Any, most_levels: int = MAX_DEPTH) -> tuple[str, str | None]:
    """`value` as compact JSON text, and what keeps it from being a JSON value."""
    try:
        text = _encode(value)
        # The encoder makes lists of tuples, and strings of numbers that are keys.
        if json.loads(text) != value:
            return text, "expected a JSON value: no tuple, and no key that is not a string"
    except RecursionError:
        return "", "nested too deeply"
    except (TypeError, ValueError) as error:
        return "", f"expected a JSON value: {error}"
    return text, "nested too deeply" if _is_too_deep(text, value, most_levels) else None


def _is_too_deep(text: str, value: Any, most_levels: int) -> bool:
    if text.count("[") + text.count("{") <= most_levels:
        return False
    level = [value]
    for _ in range(most_levels + 1):
        level = [node for node in level if isinstance(node, dict | list)]
        if not level:
            return False
        level = [
            child for node in level for child in (node.values() if isinstance(node, dict) else node)
        ]
    return True
