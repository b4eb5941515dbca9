"""What a script asks of its agents: which lines of turns there are, and that they are finished."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.playback.stored import Outline
from llmsim.script.track import MAIN
from llmsim.verdict.reasons import Head


class Line(NamedTuple):
    """A line of turns: the script's own, or a track."""

    name: str
    turns: int
    by_history: bool
    must_finish: bool


_NONE = Line(MAIN, 0, by_history=False, must_finish=False)


class Plan:
    """The lines of turns of a script."""

    def __init__(self, outline: Outline) -> None:
        self._lines = {
            line.line.label: Line(line.line.label, line.turns, line.by_history, line.must_finish)
            for line in outline.lines
        }

    @property
    def by_history(self) -> bool:
        """Whether any line is played by history."""
        return any(line.by_history for line in self._lines.values())

    def line(self, head: Head) -> Line:
        """The line that an entry is of; the first for one that the script no longer has."""
        script, track = head.get("script"), head.get("track", MAIN)
        found = self._lines.get(f"{script}/{track}" if script else track)
        return found or next(iter(self._lines.values()), _NONE)
