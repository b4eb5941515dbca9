"""A track: a line of turns of its own, for the requests that it says are its."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from llmsim.errors import Problem, ScriptEmptyError, ScriptInvalidError
from llmsim.script import exhausted, fields
from llmsim.script.conditions import When, WhenSchema
from llmsim.script.conditions.table import CONDITIONS, STABLE
from llmsim.script.expect import Judged, must_finish_field, on_mismatch_field
from llmsim.script.fields import Checked, NonEmptyList, Optional, OptionalPart, PartSchema
from llmsim.script.order import HISTORY, ORDERS, an_order
from llmsim.script.positions import Path, json_path
from llmsim.script.rules import SOURCE, a_label, expected, optional, require
from llmsim.script.turn_list import checked_turns
from llmsim.script.turns import AnyTurnSchema, Turn

MAIN = "main"  # the script's own turns
NO_TURN = "a track needs at least one turn"


def a_track_name(value: Any) -> str | None:
    """A name that is free."""
    reserved = "'main' is the name of the script's own turns; give the track another one"
    return reserved if value == MAIN else a_label(value)


@dataclass(frozen=True, slots=True)
class Track(Judged):
    """The `turns` that requests get for which `when` holds, and for no earlier track.

    `order` and `on_exhausted` are the script's where they are None. `turns` may be given as a list
    and is kept as a tuple.

    Raises:
        ScriptInvalidError: one of these is wrong.
    """

    name: str
    when: When
    turns: Sequence[Turn]
    order: str | None = None
    on_exhausted: str | None = None

    def __post_init__(self) -> None:
        require("name", a_track_name(self.name))
        require("when", None if isinstance(self.when, When) else expected("a When", self.when))
        object.__setattr__(self, "turns", checked_turns(self.turns))
        if not self.turns:
            raise ScriptEmptyError(SOURCE, [Problem(NO_TURN, "$.turns")])
        require("order", optional(an_order)(self.order))
        require("on_exhausted", optional(exhausted.an_on_exhausted)(self.on_exhausted))
        self.check_judged()


class TrackSchema(PartSchema):
    """A line of turns of its own, for the requests that `when` means."""

    makes = Track
    name = Checked(
        a_track_name,
        {
            "type": "string",
            "pattern": r"^[A-Za-z0-9._-]{1,64}$",
            "not": {"const": MAIN},
        },
        "The track's name, as X-LLMSim-Track and the journal have it.",
        required=True,
    )
    when = OptionalPart(
        WhenSchema(),
        "Which requests are the track's, unless an earlier track takes them.",
        required=True,
    )
    turns = NonEmptyList(
        AnyTurnSchema(), NO_TURN, "The turns, in the order in which requests get them."
    )
    order = Optional(
        an_order,
        {"enum": list(ORDERS)},
        "Which turn comes next; as the script has it where absent.",
        load_default=None,
    )
    on_exhausted = Optional(
        exhausted.an_on_exhausted,
        {"enum": list(exhausted.ON_EXHAUSTED)},
        "What follows the last turn; as the script has it where absent.",
        load_default=None,
    )
    on_mismatch = on_mismatch_field()
    must_finish = must_finish_field()
    comment = fields.note("For human readers; means nothing.")


def checked_tracks(
    tracks: Any, order: str | None, passing: Sequence[str] = ()
) -> tuple[Track, ...]:
    """`tracks` as a tuple; `order` is that of their script, and `passing` of its own `when`.

    Raises:
        ScriptInvalidError: it is no list or tuple of tracks, or they do not fit together.
    """
    is_list = isinstance(tracks, list | tuple)
    require("tracks", None if is_list else expected("a list or tuple of Track", tracks))
    for index, track in enumerate(tracks):
        wrong = None if isinstance(track, Track) else expected("a Track", track)
        require(f"tracks[{index}]", wrong)
    wrong_together = [
        Problem(message, json_path(path))
        for path, message in problems(outlines(tracks), passing, order)
    ]
    if wrong_together:
        raise ScriptInvalidError(SOURCE, wrong_together)
    return tuple(tracks)


class Outline(NamedTuple):
    """What has to fit together in the tracks of a script.

    `passing` are the conditions of its `when` that may change in mid-conversation.
    """

    name: Any
    order: Any
    passing: Sequence[str]


def outlines(tracks: Iterable[Track]) -> list[Outline]:
    """The outlines of tracks."""
    return [Outline(track.name, track.order, track.when.passing) for track in tracks]


def outlines_in(spec: Any) -> list[Outline]:
    """The outlines of tracks that were not checked yet."""
    listed = spec if isinstance(spec, list) else []
    return [_outline_in(each if isinstance(each, dict) else {}) for each in listed]


def _outline_in(spec: dict[str, Any]) -> Outline:
    return Outline(spec.get("name"), spec.get("order"), passing_in(spec))


def passing_in(spec: dict[str, Any]) -> list[str]:
    """The conditions of an object's `when` that may change in mid-conversation."""
    when = spec.get("when")
    conditions = when if isinstance(when, dict) else {}
    said = [name for name, value in conditions.items() if value is not None]
    return [name for name in said if name in CONDITIONS and name not in STABLE]


def problems(
    tracks: Sequence[Outline], passing: Sequence[str], order: Any
) -> Iterator[tuple[Path, str]]:
    """What does not fit together; `order` is the script's, and `passing` of its own `when`.

    A conversation that plays by history has to stay in its track, and out of others.
    """
    first: dict[str, int] = {}
    by_history = HISTORY in (order, *(track.order for track in tracks))
    for name in passing if by_history else ():
        yield ("when", name), passing_message(name)
    for index, track in enumerate(tracks):
        path: Path = ("tracks", index)
        if isinstance(track.name, str) and first.setdefault(track.name, index) != index:
            earlier = first[track.name]
            yield (*path, "name"), f"{track.name!r} is also the name of $.tracks[{earlier}]"
        for name in track.passing if by_history else ():
            yield (*path, "when", name), passing_message(name)


def passing_message(name: str) -> str:
    """Why a condition may not stand in a `when` by history."""
    return (
        f"{name!r} may change from one request of a conversation to the next, and under the order "
        f"'history' a conversation has to stay where it is; conditions that do: {', '.join(STABLE)}"
    )
