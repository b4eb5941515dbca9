"""The value of a setting: read from text, and checked against what its declaration says."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from llmsim.registry import unknown

# Where a declaration names no greater or smaller one: no clock and no counter overflows below it.
_MOST = 2**31 - 1
_BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    tuple: "a list of strings",
}


def parsed(item: dataclasses.Field[Any], text: str) -> Any:
    """A variable's text as the setting's type where it can be read so.

    Else it is the text itself, for `checked` to refuse.
    """
    if isinstance(item.default, bool):
        return _BOOLEANS.get(text.lower(), text)
    if isinstance(item.default, int):
        return _number(int, text)
    if isinstance(item.default, float):
        return _number(float, text)
    if isinstance(item.default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def checked(item: dataclasses.Field[Any], value: Any, source: str, problems: list[str]) -> Any:
    """The value, or None after its problem was noted."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = tuple(value)
    wrong = _what_is_wrong(item, value)
    if wrong is None:
        return value
    problems.append(f"{source}: {wrong} ({item.metadata['help']})")
    return None


def no_names(names: Sequence[str]) -> str | None:
    """What is wrong with a list of names, or None."""
    return None if names and all(names) else "expected at least one name, and none that is empty"


def no_name(text: str) -> str | None:
    """What is wrong with a name, or None."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        return None
    return f"expected 1 to 64 of the characters A-Z a-z 0-9 . _ -, got {text!r}"


def _number(kind: type[int | float], text: str) -> int | float | str:
    try:
        return kind(text) if text.isascii() else text
    except ValueError:  # also for more digits than Python reads
        return text


def _what_is_wrong(item: dataclasses.Field[Any], value: Any) -> str | None:
    if type(value) is int and isinstance(item.default, float):
        value = float(value)
    if type(value) is not type(item.default):
        shown = list(value) if isinstance(value, tuple) else value
        return f"expected {_KINDS[type(item.default)]}, got {shown!r}"
    if isinstance(value, int | float):
        return _out_of_range(item, value)
    choices, wrong = item.metadata.get("choices"), item.metadata.get("wrong")
    if choices is not None and value not in choices:
        return unknown("value", str(value), choices)
    return str(found) if wrong is not None and (found := wrong(value)) else None


def _out_of_range(item: dataclasses.Field[Any], value: float) -> str | None:
    least, most = item.metadata.get("least", 0), item.metadata.get("most", _MOST)
    if least <= value <= most:
        return None
    # What is no number (NaN) is in no range.
    return (
        f"expected at most {most}, got {value}"
        if value > most
        else (f"expected at least {least}, got {value}")
    )
