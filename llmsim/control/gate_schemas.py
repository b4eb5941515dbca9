"""What the operations on gates take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from llmsim.control.schemas import Strict, described


class Release(Strict):
    """How many may pass."""

    count = fields.Integer(
        strict=True,
        validate=validate.Range(1, 1_000_000),
        metadata=described("How many more; without it the gate is open from now on."),
    )


class WaitingAnswer(Schema):
    """A request that waits at a gate."""

    ticket = fields.Integer(required=True)
    session = fields.String(required=True)
    position = fields.Integer(required=True)
    worker = fields.String(required=True)
    since = fields.Float(required=True, metadata=described("In Unix seconds."))
    until = fields.Float(
        required=True, metadata=described("When it passes at the latest, in Unix seconds.")
    )


class GateAnswer(Schema):
    """A gate as it stands."""

    name = fields.String(required=True)
    open = fields.Boolean(required=True, metadata=described("Whether all may pass."))
    tickets = fields.Integer(
        required=True, metadata=described("How many requests have come to it.")
    )
    ahead = fields.Integer(
        required=True,
        metadata=described("How many of those that come next may pass; 0 where it is open."),
    )
    waiting = fields.List(
        fields.Nested(WaitingAnswer),
        required=True,
        metadata=described("Who waits there, in the order in which they came."),
    )


class GatesAnswer(Schema):
    """The gates to which a request has come, or that were released."""

    gates = fields.List(fields.Nested(GateAnswer), required=True)
