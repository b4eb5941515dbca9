"""The rules for single values, in one place for scripts from JSON and for scripts built in Python.

A rule takes a value and returns what is wrong with it as a sentence, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from llmsim.errors import Problem, ScriptInvalidError
from llmsim.json_text import type_name
from llmsim.script import slips

Rule = Callable[[Any], str | None]

SOURCE = "<code>"  # what errors name as the source of a turn or script that was built in Python
_LABEL = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOWEST_STATUS = 400
HIGHEST_STATUS = 599


def expected(what: str, value: Any) -> str:
    """The sentence for a value of the wrong type: `expected a string, got null`."""
    return f"expected {what}, got {type_name(value)}"


def anything(_value: Any) -> str | None:
    """Every value will do."""
    return None


def a_string(value: Any) -> str | None:
    """A string, the empty one included."""
    return None if isinstance(value, str) else expected("a string", value)


def a_name(value: Any) -> str | None:
    """A string that is not empty."""
    return "expected a string that is not empty" if value == "" else a_string(value)


def a_label(value: Any) -> str | None:
    """1 to 64 letters, digits, dots, underscores and hyphens: it stands in headers and paths."""
    if isinstance(value, str) and not _LABEL.fullmatch(value):
        return "expected 1 to 64 of the characters A-Z a-z 0-9 . _ -"
    return a_string(value)


def an_error_status(value: Any) -> str | None:
    """An integer from 400 to 599; neither `true` nor 502.0 is an integer."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, int) and is_number and LOWEST_STATUS <= value <= HIGHEST_STATUS:
        return None
    got = repr(value) if is_number else type_name(value)
    return f"expected an integer from {LOWEST_STATUS} to {HIGHEST_STATUS}, got {got}"


def an_integer(value: Any) -> str | None:
    """An integer; neither `true` nor 1.0 is one."""
    return None if type(value) is int else expected("an integer", value)


def a_count(value: Any) -> str | None:
    """An integer that is not below 0."""
    return an_integer(value) or (
        f"expected an integer from 0 up, got {value}" if value < 0 else None
    )


def an_integer_up_to(most: int) -> Rule:
    """An integer from 0 to `most`."""
    return lambda value: (
        an_integer(value)
        or (None if 0 <= value <= most else f"expected an integer from 0 to {most}, got {value}")
    )


def a_number(least: float, most: float) -> Rule:
    """A number from `least` to `most`; `true` is none."""
    wanted = f"a number from {least} to {most}"

    def rule(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return expected(wanted, value)
        # What is no number (NaN) is in no range.
        return None if least <= value <= most else f"expected {wanted}, got {value}"

    return rule


MOST_MS = 3_600_000
a_duration_ms = a_number(0, MOST_MS)


def a_weight(value: Any) -> str | None:
    """An integer from 1 up."""
    return an_integer(value) or (
        f"expected an integer from 1 up, got {value}" if value < 1 else None
    )


def a_length(most: int) -> Rule:
    """An integer from 1 to `most`."""
    return lambda value: (
        an_integer(value)
        or (None if 1 <= value <= most else f"expected an integer from 1 to {most}, got {value}")
    )


def one_of(what: str, words: Iterable[str]) -> Rule:
    """One of the words; `what` says what they are."""
    return lambda value: (
        a_string(value) or (None if value in words else slips.unknown_word(what, value, words))
    )


def a_part(kind: type) -> Rule:
    """An object of that class."""
    return lambda value: None if isinstance(value, kind) else expected(f"a {kind.__name__}", value)


def optional(rule: Rule) -> Rule:
    """None, or what the rule asks for: for Python code. In JSON a key is left out.

    Null is a value and a wrong one.
    """
    return lambda value: None if value is None else rule(value)


def require(key: str, problem: str | None) -> None:
    """Refuse a value that Python code passed for `key`, where a rule found a `problem`.

    Raises:
        ScriptInvalidError: there is a problem.
    """
    if problem:
        raise ScriptInvalidError(SOURCE, [Problem(problem, f"$.{key}")])
