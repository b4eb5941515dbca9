"""What the verdict's operations take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from llmsim.control.schemas import Strict, described
from llmsim.control.session_schemas import WithPrefix
from llmsim.verdict.model import KINDS

FAILED, ALL = "failed", "all"

_WHICH = validate.OneOf((FAILED, ALL))


class Paged(Strict):
    """A part of a long list."""

    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0),
        metadata=described("The `next` of the page before."),
    )
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000), metadata=described("How many at most.")
    )


class WhichConversations(Paged):
    """Which conversations a verdict lists, where the script plays by history."""

    conversations = fields.String(
        load_default=FAILED, validate=_WHICH, metadata=described("`failed` ones, or `all`.")
    )


class WhichSessions(Paged, WithPrefix):
    """Which sessions are judged, and which of them are listed."""

    sessions = fields.String(
        load_default=FAILED, validate=_WHICH, metadata=described("List `failed` ones, or `all`.")
    )
    group = fields.String(
        validate=validate.OneOf(("script",)), metadata=described("Also count them by script.")
    )


class ReasonAnswer(Schema):
    """Why a verdict does not pass."""

    kind = fields.String(required=True, validate=validate.OneOf([*KINDS]))
    text = fields.String(required=True, metadata=described("What was wrong, in a sentence."))
    position = fields.Integer(required=True, allow_none=True)
    turn = fields.Integer(required=True, allow_none=True)
    track = fields.String(required=True, allow_none=True)


class FoundAnswer(Schema):
    """A kind of finding."""

    kind = fields.String(required=True)
    count = fields.Integer(required=True)
    text = fields.String(required=True, metadata=described("What the first one says."))
    position = fields.Integer(required=True, allow_none=True)


class TrackAnswer(Schema):
    """How far a line of turns was played by arrival."""

    name = fields.String(required=True)
    turns = fields.Integer(required=True)
    taken = fields.Integer(required=True, metadata=described("How many of the turns were served."))
    finished = fields.Boolean(required=True)
    must_finish = fields.Boolean(required=True)


class AtStepAnswer(Schema):
    """How many there are at a step."""

    step = fields.Integer(required=True)
    count = fields.Integer(required=True)


class ServedAtStepAnswer(AtStepAnswer):
    """The same, and how many errors they were served there."""

    errors = fields.Integer(required=True)


class ConversationAnswer(Schema):
    """A conversation of a script that is played by history."""

    conversation = fields.String(required=True)
    passed = fields.Boolean(required=True)
    state = fields.String(required=True, metadata=described("`ended`, `aborted` or `stopped`."))
    step = fields.Integer(required=True, metadata=described("The last one that it came to."))
    reasons = fields.List(fields.Nested(ReasonAnswer), required=True)


class ConversationsAnswer(Schema):
    """All conversations of a session."""

    began = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    aborted = fields.Integer(
        required=True, metadata=described("The last answer was not taken whole.")
    )
    failed = fields.Integer(required=True)
    came = fields.List(
        fields.Nested(ServedAtStepAnswer),
        required=True,
        metadata=described("How many came to each step."),
    )
    stopped = fields.List(
        fields.Nested(AtStepAnswer),
        required=True,
        metadata=described("How many went no further, by their last step."),
    )
    without_id = fields.List(
        fields.Nested(ServedAtStepAnswer),
        required=True,
        metadata=described("Requests that no made id tells apart: these are counted by step only."),
    )
    page = fields.List(fields.Nested(ConversationAnswer), required=True)
    next = fields.Integer(
        required=True, allow_none=True, metadata=described("What `after` asks for more with.")
    )


class VerdictAnswer(Schema):
    """What the agents of a session did."""

    session = fields.String(required=True)
    generation = fields.String(required=True)
    passed = fields.Boolean(required=True)
    complete = fields.Boolean(
        required=True, metadata=described("Whether the journal has every request that took a turn.")
    )
    requests = fields.Integer(required=True)
    aborted = fields.Integer(
        required=True, metadata=described("Answers that the client did not take to the end.")
    )
    unrecorded = fields.Integer(
        required=True, metadata=described("Requests that took a turn and are not in the journal.")
    )
    reasons_found = fields.Integer(required=True)
    reasons = fields.List(fields.Nested(ReasonAnswer), required=True)
    tracks = fields.List(fields.Nested(TrackAnswer), required=True)
    findings = fields.List(fields.Nested(FoundAnswer), required=True)
    conversations = fields.Nested(ConversationsAnswer, required=True, allow_none=True)


class CountsAnswer(Schema):
    """How many sessions there are of each sort."""

    passed = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    never_began = fields.Integer(required=True)
    incomplete = fields.Integer(
        required=True, metadata=described("Of all these, those whose journal lacks requests.")
    )


class SessionVerdictAnswer(Schema):
    """A session among many."""

    session = fields.String(required=True)
    passed = fields.Boolean(required=True)
    reason = fields.Nested(ReasonAnswer, required=True, allow_none=True)
    reasons_found = fields.Integer(
        required=True, metadata=described("How many reasons, or failed conversations, there are.")
    )
    conversation = fields.String(required=True, allow_none=True)


class SummaryAnswer(Schema):
    """What the agents of many sessions did."""

    prefix = fields.String(required=True)
    passed = fields.Boolean(required=True)
    complete = fields.Boolean(required=True)
    counts = fields.Nested(CountsAnswer, required=True)
    groups = fields.Dict(keys=fields.String(), values=fields.Nested(CountsAnswer), required=True)
    page = fields.List(fields.Nested(SessionVerdictAnswer), required=True)
    next = fields.Integer(required=True, allow_none=True)
