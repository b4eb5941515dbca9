"""The rules of OpenAI's APIs for the tools that a request offers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from llmsim.apis.protocol import Violation, too_long
from llmsim.conversation import Tool
from llmsim.json_text import parse

MOST_OF_A_NAME = 64
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_MOST_DEPTH = 32  # of a schema that is looked into
_LONGEST_REMEMBERED = 16 * 1024  # characters of a tool's definition


class Offered(NamedTuple):
    """A function that a request offers: the path of its description in the body, and that."""

    path: str
    function: dict[str, Any]


def doubtful(tools: Sequence[Any], offered: Sequence[Tool], below: str = "") -> list[Offered]:
    """The functions that are not known to be without fault, of `tools` as the client sent them.

    Clients offer the same tools in each request: `offered` are the same as they were read, and one
    that was once found good is not looked at again. `below` is the key of a tool under which its
    description stands.
    """
    found = []
    for index, (tool, read) in enumerate(zip(tools, offered, strict=False)):
        if tool.get("type") == "function" and not _is_sound(read.definition, below):
            described = tool.get(below) if below else tool
            if isinstance(described, dict):
                path = f"tools[{index}].{below}" if below else f"tools[{index}]"
                found.append(Offered(path, described))
    return found


def _is_sound(definition: str, below: str) -> bool:
    short = len(definition) <= _LONGEST_REMEMBERED
    return _remembered_sound(definition, below) if short else _looks_sound(definition, below)


def _looks_sound(definition: str, below: str) -> bool:
    tool = parse(definition.encode())
    described = [Offered("", tool.get(below) if below else tool)]
    if not isinstance(described[0].function, dict):
        return False
    return not (list(tool_name_of(described)) or list(strict_schema_of(described)))


_remembered_sound = lru_cache(maxsize=1024)(_looks_sound)


def tool_name_of(tools: list[Offered]) -> Iterator[Violation]:
    """A function's name has letters, digits, `_` and `-`, and at most 64 of them."""
    for path, function in tools:
        name = function.get("name")
        if not isinstance(name, str) or not name:
            continue
        param = f"{path}.name"
        if not _NAME.fullmatch(name):
            yield Violation(
                "tool_name",
                f"Invalid '{param}': string does not match pattern. Expected a string that matches "
                "the pattern '^[a-zA-Z0-9_-]+$'.",
                None,
                f"the tool name {name!r}",
                "letters, digits, '_' and '-'",
                "Rename the tool: dots, blanks and slashes often come from a server's prefix.",
                param,
                "invalid_value",
            )
        elif len(name) > MOST_OF_A_NAME:
            yield Violation(
                "tool_name",
                too_long(param, MOST_OF_A_NAME, len(name)),
                None,
                f"the tool name {name!r} of {len(name)} characters",
                f"{MOST_OF_A_NAME} characters at most",
                "Shorten the tool's name: a prefix may have made it too long.",
                param,
                "string_above_max_length",
            )


def strict_schema_of(tools: list[Offered]) -> Iterator[Violation]:
    """A strict function's objects allow no further properties, and require each they have."""
    for path, function in tools:
        parameters = function.get("parameters")
        if function.get("strict") is not True or not isinstance(parameters, dict):
            continue
        problem = _problem(parameters, ())
        if problem is None:
            continue
        yield Violation(
            "strict_schema",
            f"Invalid schema for function '{function.get('name')}': {problem}",
            None,
            f"a schema of the strict function {function.get('name')!r} that is not strict",
            "'additionalProperties': false, and every property in 'required'",
            "Make the schema strict, or leave 'strict' out.",
            f"{path}.parameters",
            "invalid_function_parameters",
        )


def _problem(schema: dict[str, Any], context: tuple[str, ...]) -> str | None:
    """What keeps a schema from being strict, in the API's words."""
    if schema.get("type") == "object":
        problem = _problem_of_object(schema, context)
        if problem:
            return problem
    if len(context) > _MOST_DEPTH:
        return None
    inner = (_problem(each, place) for place, each in _inner(schema, context))
    return next(filter(None, inner), None)


def _problem_of_object(schema: dict[str, Any], context: tuple[str, ...]) -> str | None:
    if schema.get("additionalProperties") is not False:
        return (
            f"In context={context}, 'additionalProperties' is required to be supplied and to be "
            "false."
        )
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return None
    listed = required if isinstance(required, list) else []
    left_out = next((name for name in properties if name not in listed), None)
    if left_out is None:
        return None
    return (
        f"In context={context}, 'required' is required to be supplied and to be an array including "
        f"every key in properties. Missing '{left_out}'."
    )


def _inner(
    schema: dict[str, Any], context: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The schemas of an object's properties and of an array's items."""
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, each in properties.items():
            if isinstance(each, dict):
                yield (*context, "properties", name), each
    items = schema.get("items")
    if isinstance(items, dict):
        yield (*context, "items"), items
