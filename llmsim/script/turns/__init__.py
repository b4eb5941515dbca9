"""Turn types.

A new one is one new file here (a dataclass, its schema, `play`) and one line in `TURN_TYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.script.one_of import OneOf
from llmsim.script.turns.assistant import Assistant, AssistantSchema
from llmsim.script.turns.call import Call
from llmsim.script.turns.echo import Echo, EchoSchema
from llmsim.script.turns.error import Error, ErrorSchema
from llmsim.script.turns.lorem import Lorem, LoremSchema
from llmsim.script.turns.mixed import Mixed, MixedSchema
from llmsim.script.turns.refusal import Refusal, RefusalSchema
from llmsim.script.turns.replying import Usage
from llmsim.script.turns.template import Template, TemplateSchema
from llmsim.script.turns.tool_calls import ToolCalls, ToolCallsSchema
from llmsim.script.turns.turn import Turn

# The word in `type` -> the schema, whose `makes` is the dataclass.
TURN_TYPES: Mapping[str, Any] = {
    "assistant": AssistantSchema(),
    "tool_calls": ToolCallsSchema(),
    "mixed": MixedSchema(),
    "refusal": RefusalSchema(),
    "echo": EchoSchema(),
    "template": TemplateSchema(),
    "lorem": LoremSchema(),
    "error": ErrorSchema(),
}


_TYPES = {schema.makes: name for name, schema in TURN_TYPES.items()}


def type_of(turn: Turn) -> str:
    """The word that a turn has as its `type` in JSON."""
    return _TYPES[type(turn)]


class AnyTurnSchema(OneOf):
    """A turn of any type."""

    what = "turn type"
    type_field = "type"
    type_schemas = TURN_TYPES


__all__ = [
    "TURN_TYPES",
    "AnyTurnSchema",
    "Assistant",
    "Call",
    "Echo",
    "Error",
    "Lorem",
    "Mixed",
    "Refusal",
    "Template",
    "ToolCalls",
    "Turn",
    "Usage",
    "type_of",
]
