"""What the control API takes and gives.

The OpenAPI document is made of these, and they validate every request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from llmsim.registry import unknown
from llmsim.sessions import NAME_RULE

_NAME = validate.Regexp(r"\A(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}\Z", error=NAME_RULE)


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


def _described(text: str) -> dict[str, str]:
    return {"description": text}


class NewSession(Strict):
    """A session to make."""

    name = fields.String(
        validate=_NAME,
        metadata=_described("The session's name; one is made up where there is none."),
    )
    script = fields.Dict(
        metadata=_described("A script of its own; without one it plays the default script.")
    )


class PageOfSessions(Strict):
    """Which sessions to list."""

    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0),
        metadata=_described("The `next` of the page before."),
    )
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000), metadata=_described("How many at most.")
    )


class WhichGeneration(Strict):
    """Which generation's journal entries to read."""

    generation = fields.String(
        validate=validate.Regexp(r"\A[0-9a-f]{16}\Z", error="expected 16 hex digits"),
        metadata=_described("An earlier one, of before its script was switched."),
    )


# What entries can be chosen by.
FILTERS = ("conversation", "step", "status")


class WhichEntries(WhichGeneration):
    """Which journal entries to read, and whether to wait for them."""

    since = fields.String(
        load_default="0",
        metadata=_described("The `next` of the page before; 0 is the start."),
    )
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000), metadata=_described("How many at most.")
    )
    conversation = fields.String(metadata=_described("Only entries of this conversation."))
    step = fields.Integer(
        validate=validate.Range(0), metadata=_described("Only entries of this step.")
    )
    status = fields.Integer(metadata=_described("Only answers with this HTTP status."))
    wait_for = fields.Integer(
        load_default=0,
        validate=validate.Range(0),
        metadata=_described("Wait for so many to have finished since then."),
    )
    timeout = fields.Float(
        load_default=10,
        validate=validate.Range(0, 300),
        metadata=_described("How many seconds to wait at most."),
    )


class Nothing(Strict):
    """No field at all."""


class SessionAnswer(Schema):
    """A session as it stands."""

    name = fields.String(required=True)
    position = fields.Integer(required=True, metadata=_described("What its next request gets."))
    generation = fields.String(
        required=True,
        metadata=_described("16 hex digits, as in X-LLMSim-Generation; new at each rewind."),
    )
    script = fields.String(
        required=True, metadata=_described("`default`, or `own` for a script of its own.")
    )
    turns = fields.Integer(required=True, metadata=_described("The length of its script."))
    base_urls = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata=_described("What to give to clients, by API."),
    )


class ScriptAnswer(Schema):
    """A script; `llmsim schema` prints its whole JSON Schema."""

    on_exhausted = fields.String(required=True)
    turns = fields.List(fields.Dict(), required=True)


class ListedSession(Schema):
    """A session in a list."""

    name = fields.String(required=True)
    position = fields.Integer(required=True)
    generation = fields.String(required=True)
    script = fields.String(required=True)


class SessionsAnswer(Schema):
    """A page of sessions."""

    sessions = fields.List(fields.Nested(ListedSession), required=True)
    next = fields.Integer(
        required=True,
        allow_none=True,
        metadata=_described("What `after` asks for the following page with; null at the end."),
    )


class EntriesAnswer(Schema):
    """A page of journal entries."""

    entries = fields.List(
        fields.Dict(),
        required=True,
        metadata=_described("Finished requests, in the order in which they finished."),
    )
    stale = fields.List(
        fields.Dict(),
        required=True,
        metadata=_described("Requests of before the last rewind that finished after it."),
    )
    next = fields.String(
        required=True, metadata=_described("What `since` asks for later entries with.")
    )
    rewound = fields.Boolean(
        required=True,
        metadata=_described(
            "Whether `since` was of before the last rewind; then these are the first entries."
        ),
    )
    timed_out = fields.Boolean(
        required=True, metadata=_described("Whether `wait_for` was not reached in `timeout`.")
    )
    dropped = fields.Integer(
        required=True,
        metadata=_described("Entries of any session that found no room (journal.max_mb)."),
    )


class ErrorDetail(Schema):
    """What was wrong."""

    message = fields.String(required=True)
    code = fields.String(required=True)
    problems = fields.List(
        fields.String(), metadata=_described("Each problem of a body or a script, by itself.")
    )


class ErrorAnswer(Schema):
    """An error."""

    error = fields.Nested(ErrorDetail, required=True)
