"""Keys of other formats that authors write by habit, and what they are called in a script."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from llmsim import registry

SLIPS: Mapping[str, str] = {
    "content": "text",
    "message": "text",
    "tool_calls": "calls",
    "args": "arguments",
    "input": "arguments",
    "parameters": "arguments",
    "status": "status_code",
    "role": "type",
}


def unknown_key(key: str, choices: tuple[str, ...], present: Container[str]) -> str:
    """The sentence about a key that is none of `choices`; `present` has those that were written."""
    meant = SLIPS.get(key)
    is_one = meant in choices and meant not in present
    return registry.unknown("key", key, choices, meant if is_one else None)


def missing_name(key: str, names: Iterable[str], present: Iterable[str]) -> str:
    """The sentence about a missing `key` that must be one of `names`."""
    sentence = f"missing key {key!r}; expected one of {', '.join(map(repr, names))}"
    slip = next((other for other in present if SLIPS.get(other) == key), None)
    return f"{sentence}; did you mean {key!r} by {slip!r}?" if slip else sentence
