"""One agent's way through a line of turns: a session's, or a conversation's."""

from __future__ import annotations

from llmsim.journal.entry import CLIENT_GONE
from llmsim.script.track import MAIN
from llmsim.verdict.model import ABORTED, STOPPED, Reason
from llmsim.verdict.plan import Line
from llmsim.verdict.reasons import Head, Reasons
from llmsim.verdict.retries import Retries

ENDED_STATE, ABORTED_STATE, STOPPED_STATE = "ended", "aborted", "stopped"


class Run:
    """What the entries of one run add up to.

    `turns` are the indices of the turns that were served; `began` is the first step that was come
    to, None for none yet, and `step` the last one. There may be very many runs, each with few
    entries.
    """

    __slots__ = (
        "_last",
        "_left",
        "_turn",
        "began",
        "finished",
        "line",
        "reasons",
        "retries",
        "step",
        "turns",
    )

    def __init__(self, line: Line) -> None:
        self.line = line
        self.turns: set[int] = set()
        self.began: int | None = None
        self.step = 0
        self.finished = False
        self.reasons = Reasons()
        self.retries = Retries()
        self._last = -1.0
        self._left = False
        self._turn: int | None = None

    def add(self, head: Head) -> None:
        """Add an entry of a request that took a turn. They come in the order of their ends."""
        turn = head.get("turn")
        left = head["outcome"] == CLIENT_GONE
        if turn is not None:
            self.turns.add(turn)
            self.finished = self.finished or (turn == self.line.turns - 1 and not left)
        if head["time"] >= self._last:
            self._last, self._left, self._turn = head["time"], left, turn
        step = head.get("step") or 0
        self.began = step if self.began is None else min(self.began, step)
        self.step = max(self.step, step)
        self.reasons.add(head)

    @property
    def state(self) -> str:
        """How it ended."""
        if self.finished:
            return ENDED_STATE
        return ABORTED_STATE if self._left else STOPPED_STATE

    def judged(self, *, went_on: bool = False) -> tuple[Reason, ...]:
        """What is against it, the first of `reasons_found`; nothing where it passes.

        `went_on` says that it came further, in requests that do not show it.
        """
        found = self.reasons.first
        return (*found, self._unfinished()) if self._is_left and not went_on else tuple(found)

    @property
    def reasons_found(self) -> int:
        """How many reasons there are against it."""
        return self.reasons.found + self._is_left

    @property
    def _is_left(self) -> bool:
        """Whether it had to come further."""
        return not self.finished and self.line.must_finish

    def _unfinished(self) -> Reason:
        track = None if self.line.name == MAIN else self.line.name
        if self._left:
            text = f"the client left before the end of turn {self._turn}, its last answer"
            return Reason(ABORTED, text, turn=self._turn, track=track)
        of = f"turn {self.line.turns - 1}, the last one{f' of {track}' if track else ''}"
        at = f"turn {self._turn}" + (f" (step {self.step})" if self.line.by_history else "")
        return Reason(STOPPED, f"stopped after {at}: never came to {of}", None, self._turn, track)
