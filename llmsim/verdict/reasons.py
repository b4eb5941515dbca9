"""What a single journal entry says against its agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmsim.script.track import MAIN
from llmsim.verdict.model import PAST_END, UNMET, Reason

Head = Mapping[str, Any]
"""The facts of an entry; see `journal.line.head_of`."""


def failure_of(head: Head) -> Mapping[str, Any]:
    """The error that was answered; an empty one where none was."""
    answer = head.get("answer")
    return answer.get("failure") or {} if answer else {}


def reasons_in(head: Head) -> Iterator[Reason]:
    """The reasons in an entry, in the order in which one asks for them."""
    track = head.get("track")
    where = {
        "position": head.get("position"),
        "turn": head.get("turn"),
        "track": None if track == MAIN else track,
    }
    for difference in head.get("unmet", ()):
        yield Reason(UNMET, _unmet(difference), **where)
    failure = failure_of(head)
    if failure.get("kind") == "exhausted":
        yield Reason(PAST_END, f"a request came after the last turn: {_asked(failure)}", **where)


def _unmet(difference: Mapping[str, str]) -> str:
    return "expected {condition}: {wanted}; found {found}".format_map(difference)


def _asked(failure: Mapping[str, Any]) -> str:
    """What the message of an exhausted script says of the request."""
    message: str = failure["message"]
    _, separator, asked = message.partition("; the last message ")
    return f"its last message {asked}" if separator else message
