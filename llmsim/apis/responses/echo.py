"""The request fields that a Responses answer repeats, as one table.

Field, default, and what of the request's value fits.

A value that does not fit is not echoed, and no error either: the default stands in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.apis.responses.echo_fits import (
    PLAIN_TEXT,
    Fit,
    boolean,
    function_tools,
    integer,
    metadata,
    number,
    openai_json_schema,
    openresponses_json_schema,
    reasoning,
    string,
    text,
    tool_choice,
    word,
)

EchoTable = Mapping[str, tuple[Any, Fit]]

OPENAI_ECHO: EchoTable = {
    "instructions": (None, string),
    "max_output_tokens": (None, integer),
    "max_tool_calls": (None, integer),
    "parallel_tool_calls": (True, boolean),
    "previous_response_id": (None, string),
    "prompt_cache_key": (None, string),
    "reasoning": (
        {"effort": None, "summary": None},
        reasoning("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    ),
    "safety_identifier": (None, string),
    "service_tier": ("default", word("auto", "default", "flex", "scale", "priority")),
    "store": (True, boolean),
    "temperature": (1.0, number),
    "text": ({"format": PLAIN_TEXT, "verbosity": "medium"}, text(openai_json_schema)),
    "tool_choice": ("auto", tool_choice),
    "tools": ([], function_tools),
    "top_logprobs": (0, integer),
    "top_p": (1.0, number),
    "truncation": ("disabled", word("auto", "disabled")),
    "presence_penalty": (0.0, number),
    "frequency_penalty": (0.0, number),
    "metadata": ({}, metadata),
    "user": (None, string),
}

OPENRESPONSES_ECHO: EchoTable = {
    **{name: row for name, row in OPENAI_ECHO.items() if name != "user"},
    "reasoning": (
        {"effort": None, "summary": None},
        reasoning("none", "low", "medium", "high", "xhigh"),
    ),
    "text": ({"format": PLAIN_TEXT, "verbosity": "medium"}, text(openresponses_json_schema)),
}


def echo_of(body: dict[str, Any], table: EchoTable) -> dict[str, Any]:
    """What an answer to `body` echoes.

    Every field of the table, the request's value where it fits, else the default.
    """
    echo = {}
    for name, (default, fit) in table.items():
        kept = fit(body.get(name))
        echo[name] = default if kept is None else kept
    return echo
