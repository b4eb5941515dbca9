"""How far the conversations of a session came: how often each turn of its script was served."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from llmsim.control.operation import operation, playback
from llmsim.control.schemas import described
from llmsim.control.sessions import no_such
from llmsim.control.verdict_schemas import Paged
from llmsim.made_ids import generation_mark
from llmsim.playback.funnel import funnel_of
from llmsim.script.order import ARRIVAL, HISTORY
from llmsim.sessions import checked_name


class ServedAnswer(Schema):
    """A turn, and how many answers began with it."""

    turn = fields.Integer(required=True)
    step = fields.Integer(
        required=True, allow_none=True, metadata=described("Null where the turn plays by arrival.")
    )
    type = fields.String(required=True)
    served = fields.Integer(required=True)


class TrackStepsAnswer(Schema):
    """A line of turns."""

    name = fields.String(required=True)
    order = fields.String(required=True)
    turns = fields.Integer(required=True, metadata=described("How many it has."))
    rows = fields.List(fields.Nested(ServedAnswer), required=True)
    exhausted = fields.Integer(
        required=True, metadata=described("Requests that found no turn left.")
    )


class StepsAnswer(Schema):
    """How often each turn of a session's script was served."""

    session = fields.String(required=True)
    generation = fields.String(required=True)
    exact = fields.Boolean(
        required=True,
        metadata=described("Whether every counter of this server has found room so far."),
    )
    tracks = fields.List(fields.Nested(TrackStepsAnswer), required=True)
    next = fields.Integer(
        required=True, allow_none=True, metadata=described("What `after` asks for more turns with.")
    )


@operation("GET", "/sessions/<name>/steps", takes=Paged, gives=StepsAnswer)
def show_steps(name: str, after: int, limit: int) -> dict[str, Any]:
    """Show how often each turn of a session's script was served."""
    session, lines = playback().standing_lines(checked_name(name))
    if session is None:
        raise no_such(name)
    store, end = playback().store, after + limit
    return {
        "session": session.name,
        "generation": generation_mark(session.generation),
        "exact": not store.uncounted() or not any(turns.by_history for _, turns in lines),
        "tracks": [
            {
                "name": line.label,
                "order": HISTORY if turns.by_history else ARRIVAL,
                "turns": len(turns),
                "rows": [row._asdict() for row in found.rows],
                "exhausted": found.exhausted,
            }
            for line, turns in lines
            for found in [
                funnel_of(store, name, line, turns, range(after, max(after, min(end, len(turns)))))
            ]
        ],
        "next": end if any(len(turns) > end for _, turns in lines) else None,
    }
