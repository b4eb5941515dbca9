"""What of a server's script was played, read from its control API."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from llmsim.json_text import parse
from llmsim.script.track import MAIN
from llmsim.server.control_client import ControlClient
from llmsim.verdict.model import UNMET, Reason
from llmsim.verdict.reasons import reasons_in
from llmsim.verdict.text import said

_SETTLE_SECONDS = 2
_POLL_SECONDS = 0.05
_MOST_NAMES = 5


class _Turn(NamedTuple):
    """A turn of a line of turns: of a script of a folder, and of a track."""

    script: str | None
    track: str
    number: int

    def __str__(self) -> str:
        where = [self.script] if self.script else []
        where += [self.track] if self.track != MAIN else []
        return f"turn {self.number} of {'/'.join(where)}" if where else f"turn {self.number}"


class _Facts(NamedTuple):
    """What counts of a request; all else would fill the memory."""

    position: int | None
    turn: _Turn | None
    exhausted: bool
    unmet: Reason | None  # the first thing that its turn expected and did not find


class Played:
    """The sessions of a server as they stand, and which turns of its own script they were served.

    `lines` are the lines of turns of that script.

    Raises:
        NoAnswerError: the server is gone.
    """

    def __init__(self, server: ControlClient, lines: Iterable[dict[str, Any]]) -> None:
        self._server = server
        self._turns = [
            _Turn(line["script"], line["track"], index)
            for line in lines
            for index in range(line["turns"])
        ]
        self._requests = 0
        self.beyond = 0  # requests after the last turn, where that is an error
        self.unmet: list[str] = []  # the first expectation of each session that was not met
        self._used: set[_Turn] = set()
        self._others: list[str] = []
        self._names: list[str] = []
        self._deadline = time.monotonic() + _SETTLE_SECONDS
        for session in self._sessions():
            self._names.append(session["name"])
            self._count(session)

    @property
    def left(self) -> list[str]:
        """The turns that nobody was served."""
        return [str(turn) for turn in self._turns if turn not in self._used]

    def entries(self) -> Iterator[dict[str, Any]]:
        """The journal entries of all sessions, one session after the other."""
        for name in self._names:
            yield from self._entries(name)

    def summary(self) -> Iterator[str]:
        """What to say of it, a sentence a line."""
        left = f"; left: {_some(self.left)}" if self.left else ""
        yield f"{len(self._used)} of {len(self._turns)} turns used{left}"
        if self.beyond:
            yield f"requests after the last turn: {self.beyond}"
        if self._others:
            yield f"not counted, with scripts of their own: {_some(self._others)}"
        if not self._requests:
            yield "no request came: does the command read OPENAI_BASE_URL or ANTHROPIC_BASE_URL?"

    def _sessions(self) -> Iterator[dict[str, Any]]:
        following: int | None = 0
        while following is not None:
            page = self._server.get(f"/sessions?limit=1000&after={following}")
            yield from page["sessions"]
            following = page["next"]

    def _count(self, session: dict[str, Any]) -> None:
        """Count what a session was served. The entry of an answer that was broken off may be late.

        Its position was claimed before, and so says what to wait for.
        """
        while True:
            entries = [_facts(entry) for entry in self._entries(session["name"])]
            positions = sum(each.position is not None for each in entries)
            if positions >= session["position"] or time.monotonic() >= self._deadline:
                break
            time.sleep(_POLL_SECONDS)
        self._requests += len(entries)
        unmet = next((each.unmet for each in entries if each.unmet), None)
        if unmet:
            self.unmet.append(f"session {session['name']}: {said(unmet)}")
        if session["script"] == "own":
            self._others.append(session["name"])
            return
        self._used |= {each.turn for each in entries if each.turn is not None}
        self.beyond += sum(each.exhausted for each in entries)

    def _entries(self, name: str) -> Iterator[dict[str, Any]]:
        return (parse(line) for line in self._server.lines(f"/sessions/{name}/requests.jsonl"))


def _facts(entry: dict[str, Any]) -> _Facts:
    failure = (entry.get("answer") or {}).get("failure") or {}
    index = entry["turn"]
    turn = None if index is None else _Turn(entry["script"], entry["track"], index)
    unmet = next((each for each in reasons_in(entry) if each.kind == UNMET), None)
    return _Facts(entry["position"], turn, failure.get("kind") == "exhausted", unmet)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown
