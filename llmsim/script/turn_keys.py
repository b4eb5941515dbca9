"""The optional keys of every turn, of errors too.

A new one is a module with its dataclass and its field, and here a line in each of the two classes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from llmsim.script.expect import Expectation, expect_field
from llmsim.script.faults import Fault, fault_field
from llmsim.script.fields import ObjectSchema, note
from llmsim.script.gate import Gate, gate_field
from llmsim.script.latency import Latency, latency_field
from llmsim.script.rules import expected, require


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnKeys:
    """What every turn may have."""

    latency: Latency | None = None
    expect: Expectation | None = None
    fault: Fault | None = None
    gate: Gate | None = None

    def check_keys(self) -> None:
        """Check the fields of this class.

        Raises:
            ScriptInvalidError: one is of another type.
        """
        for key, kind in _kinds().items():
            value = getattr(self, key)
            right = isinstance(value, kind | None)
            article = "an" if kind.__name__[0] in "AEIOU" else "a"
            require(key, None if right else expected(f"{article} {kind.__name__}", value))


class TurnKeysSchema(ObjectSchema):
    """The same in JSON."""

    comment = note("For human readers; means nothing.")
    latency = latency_field("How long the answer takes.")
    expect = expect_field()
    fault = fault_field("What goes wrong with the answer.")
    gate = gate_field()


@cache
def _kinds() -> dict[str, Any]:
    """The class of each key's value."""
    hints = get_type_hints(TurnKeys)
    return {key.name: hints[key.name].__args__[0] for key in fields(TurnKeys)}


TURN_KEYS = TurnKeysSchema()
