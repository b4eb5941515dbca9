"""The lines of turns of a script: its own, and one for each track."""

from __future__ import annotations

from typing import Final, NamedTuple

from xxhash import xxh3_128_digest

from llmsim.script.track import MAIN as MAIN_TRACK
from llmsim.store.base import MAIN


class Line(NamedTuple):
    """A line of turns.

    `track` is the track's name, None where the script has but its own turns; `number` is that of
    the track in made ids, 0 for `main`; `place` is the key of its place. `script` is the name of
    the script, where it is one of a folder.
    """

    track: str | None = None
    number: int = 0
    place: bytes = MAIN
    script: str | None = None

    @property
    def name(self) -> str:
        """The track's name, also where there is no other."""
        return self.track or MAIN_TRACK

    @property
    def label(self) -> str:
        """Its name among all lines of all scripts."""
        return f"{self.script}/{self.name}" if self.script else self.name


ALONE: Final = Line()  # the turns of a script without tracks
MAIN_LINE: Final = Line(MAIN_TRACK)  # those beside tracks


class Scope(NamedTuple):
    """Name and key of a script of a folder: its places are kept apart from those of others."""

    script: str
    key: str


def main_line(scope: Scope | None, *, has_tracks: bool) -> Line:
    """The line of a script's own turns."""
    if scope is None:
        return MAIN_LINE if has_tracks else ALONE
    track = MAIN_TRACK if has_tracks else None
    return Line(track, 0, _place(scope, MAIN_TRACK), scope.script)


def track_line(number: int, name: str, scope: Scope | None = None) -> Line:
    """The line of a script's track; `number` counts from 1."""
    return Line(name, number, _place(scope, name), scope.script if scope else None)


def _place(scope: Scope | None, track: str) -> bytes:
    key = f" {scope.key}" if scope else ""
    return xxh3_128_digest(f"track {track}{key}".encode("ascii"))
