"""A script as the store has it, opened for playing.

A small one is read whole. A large one would take seconds and hold up whoever else its worker
serves, so its turns are read as they are asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, overload

from llmsim.json_text import ascii_json, parse
from llmsim.playback.line import ALONE, Line, Scope, main_line, track_line
from llmsim.playback.polled_lock import Pauses
from llmsim.playback.tracks import lines_of
from llmsim.script import CheckedTurns, Script, Turn
from llmsim.script.order import HISTORY
from llmsim.store.base import REFERENCE, Blob

LARGE_BYTES = 2**20
# A turn, a call and its arguments are an object each; to check 400 of them takes 20 to 40 ms, and
# to start a process several hundred.
LARGE_OBJECTS = 400
_TURNS_AT_HAND = 1_000


def is_large(content: Blob) -> bool:
    """Whether a script, as anybody wrote it, is too large to be read while others wait."""
    return (
        not isinstance(content, bytes)
        or len(content) > LARGE_BYTES
        or content.count(b"{") > LARGE_OBJECTS
    )


class Reference(NamedTuple):
    """A script of the folder by its name, in the place of a session's own script."""

    name: str

    @property
    def content(self) -> bytes:
        """As the store has it."""
        return ascii_json({"use": self.name})


def named_in(content: Blob) -> Reference | None:
    """The reference that is the content, None where it is none."""
    if content[: len(REFERENCE)] != REFERENCE:
        return None
    return Reference(parse(bytes(content))["use"])


def opened(content: Blob) -> Script:
    """The script that `Script.canonical` wrote."""
    starts = _starts(content) if is_large(content) else None
    if not starts:  # a script with but tracks has no lines
        return Script.from_json(bytes(content))
    first = content[: starts[1]].rstrip(b",\n") + b"]}"
    return replace(Script.from_json(first), turns=StoredTurns(content, starts))


class LineOutline(NamedTuple):
    """What can be said of a line of turns without reading them."""

    line: Line
    turns: int
    by_history: bool
    must_finish: bool = True


class Outline(NamedTuple):
    """What can be said of a script without reading its turns."""

    lines: tuple[LineOutline, ...]
    # Where the session was given the script, or each request finds its own: one of a folder.
    given: str | None = None
    is_folder: bool = False

    @property
    def turns(self) -> int:
        """How many turns there are, those of its tracks included."""
        return sum(line.turns for line in self.lines)

    @property
    def by_history(self) -> bool:
        """Whether any of them plays by history."""
        return any(line.by_history for line in self.lines)

    @property
    def is_counted(self) -> bool:
        """Whether its lines have places beside the session's position."""
        return [line.line for line in self.lines] != [ALONE]

    @property
    def has_tracks(self) -> bool:
        """Whether there are tracks beside its own turns."""
        return any(line.line.track for line in self.lines)


def outline_of(script: Script, scope: Scope | None = None) -> Outline:
    """The outline of a script that was read."""
    return Outline(
        tuple(
            LineOutline(line, len(turns.turns), turns.by_history, turns.must_finish is not False)
            for line, turns in lines_of(script, scope)
        )
    )


def outline_in(content: Blob) -> Outline:
    """The outline of the script that `Script.canonical` wrote: each of its own turns has a line."""
    starts = _starts(content)
    if not starts:
        return _outline(parse(bytes(content)), 0)
    head = parse(bytes(content[: starts[0]]).rstrip() + b"]}")
    return _outline(head, len(starts) - 1)


def _outline(head: dict[str, Any], turns: int) -> Outline:
    tracks = head.get("tracks", ())
    order, must_finish = head.get("order"), head.get("must_finish", True)
    own = main_line(None, has_tracks=bool(tracks))
    lines = [LineOutline(own, turns, order == HISTORY, must_finish)]
    for number, track in enumerate(tracks, 1):
        by_history = track.get("order", order) == HISTORY
        line = track_line(number, track["name"])
        finish = track.get("must_finish", must_finish)
        lines.append(LineOutline(line, len(track["turns"]), by_history, finish))
    return Outline(tuple(line for line in lines if line.turns))


class StoredTurns(CheckedTurns):
    """The turns of a large script: a line each, read when it is asked for, some kept at hand."""

    def __init__(self, content: Blob, starts: array[int]) -> None:
        self._content = content
        self._starts = starts
        self._at_hand: dict[int, Turn] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Turn: ...
    @overload
    def __getitem__(self, index: slice) -> list[Turn]: ...
    def __getitem__(self, index: int | slice) -> Turn | list[Turn]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return [self._turn(number) for number in numbers]
        return self._turn(numbers)

    def __iter__(self) -> Iterator[Turn]:
        """All turns. Whoever goes through them holds nobody up."""
        pauses = Pauses()
        for number in range(len(self)):
            pauses.pause()
            yield self._turn(number)

    def _turn(self, number: int) -> Turn:
        turn = self._at_hand.get(number)
        if turn is None:
            if len(self._at_hand) >= _TURNS_AT_HAND:
                self._at_hand.clear()
            turn = self._at_hand[number] = self._read(number)
        return turn

    def _read(self, number: int) -> Turn:
        line = self._content[self._starts[number] : self._starts[number + 1]]
        return Script.from_json(b'{"turns":[' + line.rstrip(b",\n") + b"]}").turns[0]


def _starts(content: Blob) -> array[int]:
    """Where the line of each turn begins, and at last that of the end."""
    pauses = Pauses()
    starts: array[int] = array("Q")
    at = content.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
        pauses.pause()
    return starts
