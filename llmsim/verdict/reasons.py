"""What a single journal entry says against its agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from llmsim.playback.findings import Finding
from llmsim.playback.findings.finding import REPEATED_RESULT, UNANSWERED_CALL
from llmsim.script.track import MAIN
from llmsim.verdict.model import GATE, PAST_END, UNMET, VIOLATION, Reason

MOST_REASONS: Final = 100

_ODD: Final = ("unmet", "violations", "gate")
_TOO_LONG: Final = "max_hold"

Head = Mapping[str, Any]
"""The facts of an entry; see `journal.line.head_of`."""


class Reasons:
    """Reasons as they come: how many, and the first of them.

    What a history holds that the real API would refuse comes again with every later request, and
    counts once.
    """

    __slots__ = ("_first", "found")

    def __init__(self) -> None:
        self.found = 0
        self._first: list[Reason] = []

    @property
    def first(self) -> list[Reason]:
        """The first ones."""
        return self._first

    def add(self, head: Head) -> None:
        """Add the reasons in an entry."""
        for reason in reasons_in(head):
            if reason.kind == VIOLATION and any(reason.text == each.text for each in self._first):
                continue
            self.found += 1
            if self.found <= MOST_REASONS:
                self._first.append(reason)


def failure_of(head: Head) -> Mapping[str, Any]:
    """The error that was answered; an empty one where none was."""
    answer = head.get("answer")
    return answer.get("failure") or {} if answer else {}


def reasons_in(head: Head) -> Iterator[Reason]:
    """The reasons in an entry, in the order in which one asks for them."""
    if head["status"] < 400 and not any(name in head for name in _ODD):
        return
    track = head.get("track")
    where = {
        "position": head.get("position"),
        "turn": head.get("turn"),
        "track": None if track == MAIN else track,
    }
    for difference in head.get("unmet", ()):
        yield Reason(UNMET, _unmet(difference), **where)
    for violation in head.get("violations", ()):
        yield Reason(VIOLATION, _violated(violation), **where)
    gate = head.get("gate")
    if gate and gate["by"] == _TOO_LONG:
        held = f"the gate {gate['name']!r} was not released within {gate['held_ms'] / 1000:.1f} s"
        yield Reason(GATE, held, **where)
    failure = failure_of(head)
    if failure.get("kind") == "exhausted":
        yield Reason(PAST_END, f"a request came after the last turn: {_asked(failure)}", **where)


def findings_in(head: Head) -> Iterator[Finding]:
    """The findings in an entry, but for those that a reason in it says better."""
    refused = bool(head.get("violations"))
    for found in head.get("findings", ()):
        if not (refused and found["kind"] in (UNANSWERED_CALL, REPEATED_RESULT)):
            yield Finding(**found)


def _unmet(difference: Mapping[str, str]) -> str:
    return "expected {condition}: {wanted}; found {found}".format_map(difference)


def _violated(violation: Mapping[str, Any]) -> str:
    """Where it is, what to do first, and the words of the real API."""
    index = violation["index"]
    place = "" if index is None else f"message {index}: "
    rule, found, hint = violation["rule"], violation["found"], violation["hint"]
    return f"{rule}: {place}{found}. {hint} The real API says: {violation['message']}"


def _asked(failure: Mapping[str, Any]) -> str:
    """What the message of an exhausted script says of the request."""
    message: str = failure["message"]
    _, separator, asked = message.partition("; the last message ")
    return f"its last message {asked}" if separator else message
