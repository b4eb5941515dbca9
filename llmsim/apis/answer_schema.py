"""What JSON a request wants as the text of its answer.

`openai.types.shared_params.ResponseFormatJSONSchema` and `ResponseFormatJSONObject`,
`openai.types.responses.ResponseTextConfigParam`, `anthropic.types.JSONOutputFormatParam`.
"""

from __future__ import annotations

from typing import Any

_ANY_OBJECT = {"type": "object"}


def schema_in(wanted: Any) -> Any:
    """The JSON Schema in the format that a request asks for; None where it asks for no JSON."""
    if not isinstance(wanted, dict):
        return None
    kind = wanted.get("type")
    if kind == "json_object":
        return _ANY_OBJECT
    if kind != "json_schema":
        return None
    nested = wanted.get("json_schema")
    schema = (nested if isinstance(nested, dict) else wanted).get("schema")
    return {} if schema is None else schema


def format_in(options: Any) -> Any:
    """The format in an object of options (`text` of Responses, `output_config` of Messages)."""
    return options.get("format") if isinstance(options, dict) else None
