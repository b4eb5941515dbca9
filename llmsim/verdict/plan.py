"""What a script asks of its agents: which lines of turns there are, and that they are finished."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.playback.stored import Outline
from llmsim.verdict.reasons import Head

MAIN = "main"


class Line(NamedTuple):
    """A line of turns: the script's own, or a track."""

    name: str
    turns: int
    by_history: bool
    must_finish: bool


class Plan:
    """The lines of turns of a script."""

    def __init__(self, outline: Outline) -> None:
        self._main = Line(MAIN, outline.turns, outline.by_history, must_finish=True)

    @property
    def by_history(self) -> bool:
        """Whether any line is played by history."""
        return self._main.by_history

    def line(self, head: Head) -> Line:  # noqa: ARG002 - every entry is of the one line
        """The line that an entry is of."""
        return self._main
