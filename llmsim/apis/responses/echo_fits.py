"""What of a request's value an answer may repeat: one function for each shape of field.

The answer's types are stricter than the request's: clients that validate
(`openai.types.responses.Response`, the OpenResponses schema `ResponseResource`) refuse a word or a
shape that they do not know. A `Fit` therefore gives the value as it is echoed, or None where it
cannot be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from llmsim.json_text import compact

Fit = Callable[[Any], Any]

PLAIN_TEXT = {"type": "text"}


def string(value: Any) -> str | None:
    """Any string."""
    return value if isinstance(value, str) else None


def boolean(value: Any) -> bool | None:
    """True or false, and no number in their place."""
    return value if isinstance(value, bool) else None


def integer(value: Any) -> int | None:
    """Any integer; `true` and `1.0` are none."""
    return value if type(value) is int else None


def number(value: Any) -> float | None:
    """Any number that is finite as a double.

    A comparison never overflows, `math.isfinite` does on a long integer.
    """
    return value if type(value) in (int, float) and abs(value) <= sys.float_info.max else None


def word(*words: str) -> Fit:
    """One of the words that the answer's type lists."""
    return lambda value: value if value in words else None


def metadata(value: Any) -> dict[str, str] | None:
    """An object whose values are all strings (`openai.types.shared.Metadata`)."""
    return (
        value
        if isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
        else None
    )


def reasoning(*efforts: str) -> Fit:
    """Effort and summary; a request's further keys are no part of the OpenResponses `Reasoning`."""
    effort, summary = word(*efforts), word("auto", "concise", "detailed")
    return lambda value: (
        {"effort": effort(value.get("effort")), "summary": summary(value.get("summary"))}
        if isinstance(value, dict)
        else None
    )


_mode = word("none", "auto", "required")
_allowed_mode = word("auto", "required")


def tool_choice(value: Any) -> Any:
    """A mode, one function, or allowed functions: what both APIs take.

    Hosted and custom tools are not offered in the answer either.
    """
    if not isinstance(value, dict):
        return _mode(value)
    if value.get("type") == "allowed_tools":
        return _allowed_tools(value)
    return _named_function(value)


def _named_function(value: Any) -> dict[str, Any] | None:
    fits = (
        isinstance(value, dict)
        and value.get("type") == "function"
        and isinstance(value.get("name"), str)
    )
    return {"type": "function", "name": value["name"]} if fits else None


def _allowed_tools(value: dict[str, Any]) -> dict[str, Any] | None:
    mode, tools = _allowed_mode(value.get("mode")), value.get("tools")
    if mode is None or not isinstance(tools, list):
        return None
    return {
        "type": "allowed_tools",
        "mode": mode,
        "tools": [named for tool in tools if (named := _named_function(tool))],
    }


def function_tools(value: Any) -> list[dict[str, Any]] | None:
    """The function tools alone.

    The OpenResponses `Tool` knows no other, and wants all five keys of them.
    """
    return (
        [_function_tool(tool) for tool in value if _named_function(tool)]
        if isinstance(value, list)
        else None
    )


def _function_tool(tool: dict[str, Any]) -> dict[str, Any]:
    parameters = tool.get("parameters")
    return {
        "type": "function",
        "name": tool["name"],
        "description": string(tool.get("description")),
        "parameters": parameters if isinstance(parameters, dict) else None,
        "strict": boolean(tool.get("strict")),
    }


def text(json_schema: Fit) -> Fit:
    """Format and verbosity.

    `json_schema` fits a format of that type, which the two APIs echo differently.
    """
    verbosity = word("low", "medium", "high")

    def fit(value: Any) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            return None
        return {
            "format": _format(value.get("format"), json_schema),
            "verbosity": verbosity(value.get("verbosity")) or "medium",
        }

    return fit


def _format(value: Any, json_schema: Fit) -> Any:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "json_schema":
        return json_schema(value) or PLAIN_TEXT
    return {"type": "json_object"} if kind == "json_object" else PLAIN_TEXT


def openai_json_schema(value: dict[str, Any]) -> dict[str, Any] | None:
    """`openai.types.responses.ResponseFormatTextJSONSchemaConfig`: name and schema are required."""
    name, schema = value.get("name"), value.get("schema")
    if not isinstance(name, str) or not isinstance(schema, dict) or not _is_writable(schema):
        return None
    return {
        "type": "json_schema",
        "name": name,
        "description": string(value.get("description")),
        "schema": schema,
        "strict": boolean(value.get("strict")),
    }


def openresponses_json_schema(value: dict[str, Any]) -> dict[str, Any] | None:
    """`JsonSchemaResponseFormat` of the specification (2026-04-24).

    All keys required, `strict` a boolean, and no schema but null passes.
    """
    if not isinstance(value.get("name"), str):
        return None
    return {
        "type": "json_schema",
        "name": value["name"],
        "description": string(value.get("description")),
        "schema": None,
        "strict": value.get("strict") is True,
    }


def _is_writable(value: Any) -> bool:
    try:
        compact(value)
    except (ValueError, RecursionError):
        return False
    return True
