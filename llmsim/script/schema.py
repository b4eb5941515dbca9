"""The marshmallow schema of a whole script. It checks and converts.

`model.Script` is made of what it loads.
"""

from __future__ import annotations

from llmsim.script import exhausted, fields
from llmsim.script.fields import Checked, NonEmptyList, ObjectSchema
from llmsim.script.turns import AnyTurnSchema

NO_TURN = "a script needs at least one turn"


class ScriptSchema(ObjectSchema):
    """A script: turns that are served in order, one for each request."""

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
    turns = NonEmptyList(
        AnyTurnSchema(),
        NO_TURN,
        "The turns, in the order in which requests get them; at least one.",
    )


SCRIPT_SCHEMA = ScriptSchema()
