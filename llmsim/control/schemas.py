"""What the control API takes and gives.

The OpenAPI document is made of these, and they validate every request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from llmsim.registry import unknown


class Strict(Schema):
    """A schema that refuses unknown fields by name, with the nearest known one."""

    class Meta:
        """What is unknown is left to the check below."""

        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, _data: Any, original: Any, **_options: Any) -> None:
        """Name each field that is not known."""
        known = [field.data_key or name for name, field in self.fields.items()]
        if isinstance(original, Mapping):
            problems = {
                name: [unknown("field", str(name), known)] for name in original if name not in known
            }
            if problems:
                raise ValidationError(problems)


def described(text: str) -> dict[str, str]:
    """What the OpenAPI document says of a field, as its metadata."""
    return {"description": text}


class WhichGeneration(Strict):
    """Which generation's journal entries to read."""

    generation = fields.String(
        validate=validate.Regexp(r"\A[0-9a-f]{16}\Z", error="expected 16 hex digits"),
        metadata=described("An earlier one, of before its script was switched."),
    )


# What entries can be chosen by.
FILTERS = ("conversation", "step", "script", "track", "status")


class WhichEntries(WhichGeneration):
    """Which journal entries to read, and whether to wait for them."""

    since = fields.String(
        load_default="0",
        metadata=described("The `next` of the page before; 0 is the start."),
    )
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000), metadata=described("How many at most.")
    )
    conversation = fields.String(metadata=described("Only entries of this conversation."))
    step = fields.Integer(
        validate=validate.Range(0), metadata=described("Only entries of this step.")
    )
    script = fields.String(metadata=described("Only entries of the script of this name."))
    track = fields.String(metadata=described("Only entries of this track."))
    status = fields.Integer(metadata=described("Only answers with this HTTP status."))
    wait_for = fields.Integer(
        load_default=0,
        validate=validate.Range(0),
        metadata=described("Wait for so many to have finished since then."),
    )
    timeout = fields.Float(
        load_default=10,
        validate=validate.Range(0, 300),
        metadata=described("How many seconds to wait at most."),
    )


class Nothing(Strict):
    """No field at all."""


class EntriesAnswer(Schema):
    """A page of journal entries."""

    entries = fields.List(
        fields.Dict(),
        required=True,
        metadata=described("Finished requests, in the order in which they finished."),
    )
    stale = fields.List(
        fields.Dict(),
        required=True,
        metadata=described("Requests of before the last rewind that finished after it."),
    )
    next = fields.String(
        required=True, metadata=described("What `since` asks for later entries with.")
    )
    rewound = fields.Boolean(
        required=True,
        metadata=described(
            "Whether `since` was of before the last rewind; then these are the first entries."
        ),
    )
    timed_out = fields.Boolean(
        required=True, metadata=described("Whether `wait_for` was not reached in `timeout`.")
    )
    dropped = fields.Integer(
        required=True,
        metadata=described("Entries of any session that found no room (journal.max_mb)."),
    )


class ErrorDetail(Schema):
    """What was wrong."""

    message = fields.String(required=True)
    code = fields.String(required=True)
    problems = fields.List(
        fields.String(), metadata=described("Each problem of a body or a script, by itself.")
    )


class ErrorAnswer(Schema):
    """An error."""

    error = fields.Nested(ErrorDetail, required=True)
