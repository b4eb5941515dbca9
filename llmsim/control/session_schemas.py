"""What the operations on sessions take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from llmsim.control.schemas import Strict, described
from llmsim.journal.entry import FULL, META, OFF
from llmsim.playback.stored import Reference
from llmsim.script.rules import expected
from llmsim.script.syntax import FORM
from llmsim.sessions import NAME_RULE
from llmsim.settings import CHECKS

# Of a session: no turn of its script was taken, some were, or all.
STATES = UNTOUCHED, UNFINISHED, EXHAUSTED = ("untouched", "unfinished", "exhausted")

_NAME = validate.Regexp(r"\A(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}\Z", error=NAME_RULE)


class ScriptOrName(fields.Dict):
    """A script, or the name of one at `/llmsim/scripts`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return Reference(value)
        if not isinstance(value, dict):
            raise ValidationError(f"{expected('an object or a name', value)}; {FORM}")
        return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]


class NewSession(Strict):
    """A session to make."""

    name = fields.String(
        validate=_NAME,
        metadata=described("The session's name; one is made up where there is none."),
    )
    script = ScriptOrName(
        metadata=described(
            "A script of its own, or the name of one at /llmsim/scripts; without one it plays the "
            "default script."
        )
    )
    journal = fields.String(
        validate=validate.OneOf((FULL, META, OFF)),
        metadata=described("What its journal keeps, in the place of the setting journal.mode."),
    )
    body_limit_kb = fields.Integer(
        strict=True,
        validate=validate.Range(0, 2**20),
        metadata=described(
            "Up to which size a body is kept whole, in KiB, in the place of journal.body_limit_kb."
        ),
    )
    protocol = fields.String(
        validate=validate.OneOf(CHECKS),
        metadata=described(
            "What becomes of a request that the real API would refuse, in the place of the "
            "script's key `protocol` and of protocol.check."
        ),
    )


class WithPrefix(Strict):
    """Which sessions are meant."""

    prefix = fields.String(
        load_default="",
        metadata=described("How their names begin; without one, all are meant."),
    )


class CountAnswer(Schema):
    """What was done."""

    sessions = fields.Integer(required=True, metadata=described("To how many sessions."))


class PageOfSessions(WithPrefix):
    """Which sessions to list."""

    search = fields.String(
        load_default="",
        metadata=described("A part of their names; upper and lower case are the same."),
    )
    state = fields.String(
        validate=validate.OneOf(STATES),
        metadata=described("Only sessions of which no, not every, or every turn was taken."),
    )

    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0),
        metadata=described("The `next` of the page before."),
    )
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, 10_000),
        metadata=described("How many at most."),
    )


class TrackPlace(Schema):
    """A track of a session's script."""

    name = fields.String(required=True)
    turns = fields.Integer(required=True, metadata=described("How many it has."))
    place = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described("What its next request gets; null where it plays by history."),
    )


class ListedSession(Schema):
    """A session as it stands."""

    name = fields.String(required=True)
    position = fields.Integer(required=True, metadata=described("What its next request gets."))
    generation = fields.String(
        required=True,
        metadata=described("16 hex digits, as in X-LLMSim-Generation; new at each rewind."),
    )
    script = fields.String(
        required=True,
        metadata=described(
            "`default`, `own` for a script of its own, or the name of that it was given."
        ),
    )
    turns = fields.Integer(required=True, metadata=described("The length of its script."))
    turns_used = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described("How many of these were taken by now; null where it plays by history."),
    )
    tracks = fields.List(
        fields.Nested(TrackPlace),
        metadata=described("The tracks of its script, `main` first, where it has others."),
    )
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata=described("Whether no, not every, or every turn was taken."),
    )
    requests = fields.Integer(
        required=True, metadata=described("Requests of its generation that its journal has.")
    )
    errors = fields.Integer(
        required=True, metadata=described("How many of them were answered with 400 or above.")
    )
    last = fields.Float(
        required=True,
        allow_none=True,
        metadata=described("When the last of them began, in Unix seconds."),
    )
    entries = fields.Integer(
        required=True,
        metadata=described("Entries in its journal, those of earlier generations included."),
    )


class SessionAnswer(ListedSession):
    """A session, and how to reach it."""

    base_urls = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata=described("What to give to clients, by API."),
    )


class ScriptAnswer(Schema):
    """A script; `llmsim schema` prints its whole JSON Schema."""

    on_exhausted = fields.String(required=True)
    turns = fields.List(fields.Dict(), required=True)


class SessionsAnswer(Schema):
    """A page of sessions."""

    sessions = fields.List(fields.Nested(ListedSession), required=True)
    next = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described("What `after` asks for the following page with; null at the end."),
    )
