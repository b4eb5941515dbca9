"""What the agents of a session, or of all sessions, did: right or not, and why not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from llmsim.control.operation import operation, playback
from llmsim.control.session_list import standing_ones, with_script
from llmsim.control.sessions import existing, no_such
from llmsim.control.verdict_schemas import (
    ALL,
    SummaryAnswer,
    VerdictAnswer,
    WhichConversations,
    WhichSessions,
)
from llmsim.playback.polled_lock import Pauses
from llmsim.playback.stored import Outline
from llmsim.script.folder import DEFAULT
from llmsim.store.base import Session
from llmsim.verdict import Page, Plan, judge
from llmsim.verdict.judge import judged, scanned
from llmsim.verdict.scan import Scan
from llmsim.verdict.summary import Summary, listed

_SLICE = 0.004  # seconds that others wait
_FIRST = Page(0, 1)


@operation("GET", "/sessions/<name>/verdict", takes=WhichConversations, gives=VerdictAnswer)
def show_verdict(name: str, after: int, limit: int, conversations: str) -> dict[str, Any]:
    """Judge what the agents of a session did."""
    found = with_script(existing(name))
    if found is None:
        raise no_such(name)
    session, outline = found
    page = Page(after, limit, conversations == ALL)
    pause = Pauses(_SLICE).pause
    return judge(playback().store, session, Plan(outline), page, pause).as_json()


def _scripts(session: Session, outline: Outline, scan: Scan) -> Collection[str]:
    """The scripts that a session is counted by: its own, one that it was given, or those played."""
    if outline.given:
        return [outline.given]
    return (scan.scripts or [DEFAULT]) if session.follows else ["own"]


@operation("GET", "/verdict", takes=WhichSessions, gives=SummaryAnswer)
def show_summary(
    prefix: str, after: int, limit: int, sessions: str, group: str | None = None
) -> dict[str, Any]:
    """Judge what the agents of all sessions did."""
    summary, store, pauses = Summary(prefix), playback().store, Pauses(_SLICE)
    number = 0
    for session, outline in standing_ones(prefix, pauses):
        plan = Plan(outline)
        scan = scanned(store, session, plan, pauses.pause)
        verdict = judged(session, plan, scan, _FIRST)
        summary.add(verdict, _scripts(session, outline, scan) if group else ())
        if verdict.passed and sessions != ALL:
            continue
        if after <= number < after + limit:
            summary.page.append(listed(verdict))
        elif number == after + limit:
            summary.next = number
        number += 1
    return summary.as_json()
