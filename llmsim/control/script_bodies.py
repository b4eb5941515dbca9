"""Bodies that are a script: how they are checked, and how the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from llmsim.playback.checking import Checked, checked_or_named, checked_script
from llmsim.playback.stored import Reference
from llmsim.script import json_schema


@dataclass(frozen=True, slots=True)
class ScriptBody:
    """`json_schema` makes the schema when it is asked for: no server needs it to start."""

    check: Callable[[IO[bytes]], Checked | Reference]
    json_schema: Callable[[], dict[str, Any]]


def _script_or_use() -> dict[str, Any]:
    use = {
        "type": "object",
        "description": "One of the scripts at /llmsim/scripts, by its name.",
        "properties": {"use": {"type": "string"}},
        "required": ["use"],
        "additionalProperties": False,
    }
    return {"oneOf": [json_schema(), use]}


SCRIPT = ScriptBody(checked_script, json_schema)
SCRIPT_OR_USE = ScriptBody(checked_or_named, _script_or_use)
