"""Faults: what goes wrong with the answer of a turn.

A new one is one new file here (a dataclass with what it does, and its schema) and one line in
`FAULTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.script.faults.bad_arguments import BadArguments, BadArgumentsSchema
from llmsim.script.faults.disconnect import Disconnect, DisconnectSchema
from llmsim.script.faults.duplicate import Duplicate, DuplicateSchema
from llmsim.script.faults.fault import ErrorFrame, Fault
from llmsim.script.faults.malformed import Malformed, MalformedSchema
from llmsim.script.faults.split import Split, SplitSchema
from llmsim.script.faults.stall import Stall, StallSchema
from llmsim.script.faults.stream_error import StreamError, StreamErrorSchema
from llmsim.script.faults.truncate import Truncate, TruncateSchema
from llmsim.script.one_of import OneOf
from llmsim.script.word_or_part import WordOrPart

# The word in `fault` -> the schema, whose `makes` is the dataclass.
FAULTS: Mapping[str, Any] = {
    "disconnect": DisconnectSchema(),
    "truncate": TruncateSchema(),
    "stall": StallSchema(),
    "malformed": MalformedSchema(),
    "stream_error": StreamErrorSchema(),
    "split": SplitSchema(),
    "duplicate": DuplicateSchema(),
    "bad_arguments": BadArgumentsSchema(),
}


class FaultKindSchema(OneOf):
    """A fault of any kind."""

    what = "fault"
    type_field = "kind"
    type_schemas = FAULTS


def fault_field(description: str) -> WordOrPart:
    """The key `fault`."""
    return WordOrPart(
        FaultKindSchema(), "kind", f"{description} The name of a fault, or an object."
    )


def name_of(fault: Fault) -> str:
    """The word for a fault."""
    return FaultKindSchema().get_obj_type(fault)


__all__ = [
    "FAULTS",
    "BadArguments",
    "Disconnect",
    "Duplicate",
    "ErrorFrame",
    "Fault",
    "Malformed",
    "Split",
    "Stall",
    "StreamError",
    "Truncate",
    "fault_field",
    "name_of",
]
