"""The verdict on a session: its journal, held against what its script asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from llmsim.made_ids import generation_mark
from llmsim.store.base import Session, Store
from llmsim.verdict.model import (
    NEVER_BEGAN,
    UNRECORDED,
    AtStep,
    Conversations,
    ConversationVerdict,
    Reason,
    Served,
    TrackVerdict,
    Verdict,
)
from llmsim.verdict.plan import Plan
from llmsim.verdict.reasons import MOST_REASONS
from llmsim.verdict.run import ABORTED_STATE, ENDED_STATE, STOPPED_STATE, Run
from llmsim.verdict.scan import Scan


class Page(NamedTuple):
    """Which conversations a verdict lists: the failed ones, or all; from `after` on."""

    after: int = 0
    limit: int = 100
    all: bool = False


def judge(
    store: Store,
    session: Session,
    plan: Plan,
    page: Page = Page(),  # noqa: B008 - it never changes
    pause: Callable[[], None] = lambda: None,
) -> Verdict:
    """The verdict on a session that plays by `plan`. `pause` is called time and again meanwhile."""
    return judged(session, plan, scanned(store, session, plan, pause), page)


def scanned(store: Store, session: Session, plan: Plan, pause: Callable[[], None]) -> Scan:
    """What the journal of the session adds up to."""
    scan = Scan(session.generation, plan)
    scan.read(store, session, pause)
    return scan


def judged(session: Session, plan: Plan, scan: Scan, page: Page) -> Verdict:
    """The verdict on what the session's journal adds up to."""
    unrecorded = max(session.position - scan.claimed, 0)
    general = _general(session, scan)
    reasons = [*_in_order(scan), *general]
    found = scan.reasons.found + sum(run.reasons_found for run in scan.tracks.values())
    conversations = _conversations(scan, page) if plan.by_history else None
    failed = conversations.failed if conversations else 0
    return Verdict(
        session=session.name,
        generation=generation_mark(session.generation),
        passed=not reasons and not failed,
        complete=not unrecorded,
        requests=scan.requests,
        aborted=scan.aborted,
        unrecorded=unrecorded,
        reasons_found=found + len(general),
        reasons=tuple(reasons[:MOST_REASONS]),
        tracks=tuple(map(_track, scan.tracks.values())),
        findings=scan.findings,
        conversations=conversations,
    )


def _general(session: Session, scan: Scan) -> list[Reason]:
    if not session.position:
        return [Reason(NEVER_BEGAN, "no request took a turn")]
    if not scan.claimed:
        text = f"the journal has none of the {session.position} requests that took a turn"
        return [Reason(UNRECORDED, text)]
    return []


def _in_order(scan: Scan) -> list[Reason]:
    """Those of requests first, in their order, and last what is missing in a track."""
    found = [reason for run in scan.tracks.values() for reason in run.judged()]
    found.sort(key=lambda each: (each.position is None, each.position or 0))
    return [*scan.reasons.first, *found]


def _track(run: Run) -> TrackVerdict:
    line = run.line
    return TrackVerdict(
        line.name, line.turns, len(run.turns), run.finished, must_finish=line.must_finish
    )


def _conversations(scan: Scan, page: Page) -> Conversations:
    states = Counter(run.state for run in scan.conversations.values())
    stopped = Counter(run.step for run in scan.conversations.values() if run.state == STOPPED_STATE)
    last = Counter(run.step for run in scan.conversations.values())
    unseen = _went_on_unseen(scan)
    listed, failed, number, following = [], 0, 0, None
    for name, run in scan.conversations.items():
        reasons = run.judged(went_on=run.state == STOPPED_STATE and _place(run) in unseen)
        failed += bool(reasons)
        if not (reasons or page.all):
            continue
        if page.after <= number < page.after + page.limit:
            listed.append(ConversationVerdict(name, not reasons, run.state, run.step, reasons))
        elif number == page.after + page.limit:
            following = number
        number += 1
    return Conversations(
        began=len(scan.conversations),
        ended=states[ENDED_STATE],
        aborted=states[ABORTED_STATE],
        failed=failed,
        came=_came(last, scan.errors),
        stopped=tuple(AtStep(step, count) for step, count in sorted(stopped.items())),
        without_id=scan.without_id,
        page=tuple(listed),
        next=following,
    )


def _place(run: Run) -> tuple[str, int]:
    """The line of a run, and the last step that it came to."""
    return run.line.name, run.step


def _went_on_unseen(scan: Scan) -> frozenset[tuple[str, int]]:
    """The places behind which as many conversations seem to begin as stopped there.

    A client may keep what was said, and leave out the calls: then the ids are gone with them.
    """
    runs = scan.conversations.values()
    stopped = Counter(_place(run) for run in runs if run.state == STOPPED_STATE)
    begin = Counter((run.line.name, run.began) for run in runs)
    without_id = {served.step: served.count - served.errors for served in scan.without_id}
    return frozenset(
        (line, step)
        for (line, step), count in stopped.items()
        if begin[line, step + 1] + without_id.get(step + 1, 0) >= count
    )


def _came(last: Counter[int], errors: Counter[int]) -> tuple[Served, ...]:
    """How many came to each step, by the steps that they came to last."""
    steps = range(max(last, default=-1) + 1)
    came = reversed([*accumulate(last[step] for step in reversed(steps))])
    return tuple(Served(step, count, errors[step]) for step, count in zip(steps, came, strict=True))
