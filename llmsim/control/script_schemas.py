"""What the operations on scripts with names give."""

from __future__ import annotations

from marshmallow import Schema, fields

from llmsim.control.schemas import described


class NamedScriptAnswer(Schema):
    """A script with a name."""

    name = fields.String(required=True)
    turns = fields.Integer(
        required=True, metadata=described("How many it has, those of its tracks included.")
    )
    tracks = fields.List(
        fields.String(), required=True, metadata=described("Its lines of turns by name.")
    )
    order = fields.String(
        required=True, metadata=described("`arrival`, or `history` where any track plays so.")
    )
    from_file = fields.Boolean(
        required=True, metadata=described("Whether it was read from a file, and not put here.")
    )
    requests = fields.Integer(
        required=True,
        metadata=described("How many requests it has served, in the sessions as they stand."),
    )


class NamedScriptsAnswer(Schema):
    """All scripts with names."""

    scripts = fields.List(fields.Nested(NamedScriptAnswer), required=True)
