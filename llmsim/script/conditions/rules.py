"""The rules for what stands behind a condition."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from llmsim.conversation import KEPT_HEADERS
from llmsim.registry import unknown
from llmsim.script.expressions import an_expression
from llmsim.script.rules import a_name, a_string, expected, one_of

APIS = ("chat", "responses", "openresponses", "anthropic")
ROLES = ("user", "assistant", "tool")

an_api = one_of("API", APIS)
a_role = one_of("role", ROLES)


def a_boolean(value: Any) -> str | None:
    """`true` or `false`."""
    return None if isinstance(value, bool) else expected("a boolean", value)


def a_pattern(value: Any) -> str | None:
    """A regular expression, as Python has them."""
    if problem := a_string(value):
        return problem
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression: {error}"
    return None


def names(value: Any) -> str | dict[int, str]:
    """An array of names, at least one; "" where it is one, else what is wrong with which."""
    if not isinstance(value, list | tuple):
        return expected("an array", value)
    if not value:
        return "expected at least one name"
    return _wrong(dict(enumerate(value)), lambda _, name: a_name(name)) or ""


def headers(value: Any) -> str | dict[str, str]:
    """An object of globs by the names of headers; see `names`."""
    return _object(value, lambda name, glob: _a_header(name) or a_string(glob))


def values(value: Any) -> str | dict[str, str]:
    """An object of JSON values by JMESPath expressions; see `names`."""
    return _object(value, lambda expression, _: an_expression(expression))


def _object(value: Any, rule: Callable[[Any, Any], str | None]) -> str | dict[str, str]:
    if not isinstance(value, dict):
        return expected("an object", value)
    return (_wrong(value, rule) or "") if value else "expected at least one key"


def _wrong(items: dict[Any, Any], rule: Callable[[Any, Any], str | None]) -> dict[Any, str]:
    return {key: problem for key, value in items.items() if (problem := rule(key, value))}


def _a_header(name: Any) -> str | None:
    if isinstance(name, str) and name.lower() in KEPT_HEADERS:
        return None
    return unknown("header", str(name), KEPT_HEADERS)
