"""The marshmallow schema of a whole script. It checks and converts.

`model.Script` is made of what it loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError, validates_schema

from llmsim.script import exhausted, fields
from llmsim.script.conditions import WhenSchema
from llmsim.script.error_rates import error_rates_field
from llmsim.script.expect import must_finish_field, on_mismatch_field
from llmsim.script.fields import Checked, NonEmptyList, ObjectSchema, Optional, OptionalPart
from llmsim.script.latency import latency_field
from llmsim.script.limits import limits_field
from llmsim.script.order import ALL, ORDERS, STEPS, a_steps, an_order
from llmsim.script.protocol import CHECKS, a_check
from llmsim.script.rules import a_weight, an_integer, expected
from llmsim.script.syntax import FORM
from llmsim.script.track import TrackSchema, outlines_in, passing_in, problems
from llmsim.script.turn_list import NO_TURN
from llmsim.script.turns import AnyTurnSchema


def _described(words: Mapping[str, str]) -> str:
    return "; ".join(f"'{word}': {meaning}" for word, meaning in words.items())


class ScriptSchema(ObjectSchema):
    """A script: turns that are served in order, one for each request."""

    also = MappingProxyType(
        {
            "anyOf": [
                {"required": [key], "properties": {key: {"type": "array"}}}
                for key in ("turns", "tracks")
            ]
        }
    )

    schema_address = fields.note(
        "Where the JSON Schema is, for editors; means nothing.", data_key="$schema"
    )
    description = fields.note("For human readers; means nothing.")
    on_exhausted = Checked(
        exhausted.an_on_exhausted,
        {"enum": list(exhausted.ON_EXHAUSTED)},
        (
            "What follows the last turn: it is repeated (the default), every request is an "
            "error, or the script starts again."
        ),
        load_default=exhausted.DEFAULT,
    )
    order = Optional(
        an_order,
        {"enum": list(ORDERS)},
        "Which turn comes next: " + _described(ORDERS) + ".",
        load_default=None,
    )
    steps = Optional(
        a_steps,
        {"enum": list(STEPS)},
        "What counts under the order 'history': " + _described(STEPS) + ".",
        load_default=ALL,
    )
    seed = Optional(
        an_integer,
        {"type": "integer"},
        "What all that is drawn at random follows from: another seed gives other draws.",
        load_default=None,
    )
    errors = error_rates_field()
    latency = latency_field("How long the answers take, where a turn does not say.")
    protocol = Optional(
        a_check,
        {"enum": list(CHECKS)},
        "What becomes of a request that the real API would refuse: " + _described(CHECKS) + ".",
        load_default=None,
    )
    limits = limits_field()
    on_mismatch = on_mismatch_field()
    must_finish = must_finish_field()
    when = OptionalPart(WhenSchema(), "In a folder of scripts: which requests are this script's.")
    weight = Optional(
        a_weight,
        {"type": "integer", "minimum": 1},
        "In a folder of scripts: how often this script is chosen, beside others with a weight.",
        load_default=None,
    )
    tracks = NonEmptyList(
        TrackSchema(),
        "expected at least one track",
        "Lines of turns of their own: a request goes to the first whose 'when' it meets.",
        required=False,
    )
    turns = NonEmptyList(
        AnyTurnSchema(),
        NO_TURN,
        "The turns, in the order in which requests get them; at least one. They may be absent "
        "where there are tracks: then a request that fits none is refused.",
        required=False,
    )

    def load(self, data: Any, **options: Any) -> Any:
        """See `ObjectSchema.load`."""
        if not isinstance(data, dict):
            raise ValidationError([f"{expected('an object', data)}; {FORM}"])
        return super().load(data, **options)

    @property
    def keys(self) -> tuple[str, ...]:
        """See `ObjectSchema.keys`."""
        return ("turns", *(key for key in super().keys if key != "turns"))

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _fits_together(self, _: Any, original: Any, **_options: Any) -> None:
        found: dict[str, Any] = {}
        turns, tracks = original.get("turns"), original.get("tracks")
        if turns is None and tracks is None:
            no_turns = expected("an array", None) if "turns" in original else "missing key 'turns'"
            found["turns"] = [no_turns]
        order = original.get("order")
        for path, message in problems(outlines_in(tracks), passing_in(original), order):
            inner: Any = found
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = [message]
        if found:
            raise ValidationError(found)


SCRIPT_SCHEMA = ScriptSchema()
