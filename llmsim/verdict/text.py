"""A verdict for people: what the agent did wrong, first.

Short enough for the page of a CI job, and without colour.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmsim.script.track import MAIN
from llmsim.transcript import one_line
from llmsim.verdict.model import Conversations, Reason, Verdict
from llmsim.verdict.summary import Counts, Summary

_MOST_REASONS = 10
_MOST_CONVERSATIONS = 10
_MOST_SESSIONS = 20


def lines(found: Verdict | Summary) -> Iterator[str]:
    """The lines of a verdict, on one session or on many."""
    return _of_session(found) if isinstance(found, Verdict) else _of_many(found)


def _of_many(summary: Summary) -> Iterator[str]:
    counted = _how_many(summary.counts) or _no_session(summary.prefix)
    yield f"{'passed' if summary.passed else 'FAILED'}: {counted}"
    failed = [each for each in summary.page if not each.passed]
    for each in failed[:_MOST_SESSIONS]:
        others = f" (of {each.reasons_found} that failed)" if each.conversation else ""
        why = said(each.reason) if each.reason else ""
        yield f"  {each.session}: {each.conversation or ''}{others}{': ' if others else ''}{why}"
    more = summary.counts.failed + summary.counts.never_began - len(failed[:_MOST_SESSIONS])
    if more > 0:
        yield f"  and {_many(more, 'more session')}"
    if len(summary.groups) > 1:
        for script, counts in summary.groups.items():
            yield f"  script {script}: {_how_many(counts)}"
    if not summary.complete:
        lacking = _many(summary.counts.incomplete, "session")
        yield f"  incomplete: the journals of {lacking} lack requests"


def _no_session(prefix: str) -> str:
    return f"no session has a name that begins with {prefix!r}" if prefix else "there is no session"


def _how_many(counts: Counts) -> str:
    total = counts.passed + counts.failed + counts.never_began
    if not total:
        return ""
    parts = [f"{counts.passed} passed"]
    parts += [f"{counts.failed} failed"] if counts.failed else []
    parts += [f"{counts.never_began} never began"] if counts.never_began else []
    return f"{_many(total, 'session')}: {', '.join(parts)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _of_session(verdict: Verdict) -> Iterator[str]:
    yield f"session {verdict.session}: {'passed' if verdict.passed else 'FAILED'}: {_far(verdict)}"
    for reason in verdict.reasons[:_MOST_REASONS]:
        yield f"  {said(reason)}"
    if verdict.reasons_found > _MOST_REASONS:
        yield f"  and {_many(verdict.reasons_found - _MOST_REASONS, 'more reason')}"
    if verdict.conversations is not None:
        yield from _failed(verdict.conversations)
    for found in verdict.findings:
        times = f" ({found.count} times)" if found.count > 1 else ""
        yield f"  note: {found.kind}{times}: {_at(found.position)}{one_line(found.text)}"
    if not verdict.complete:
        yield (
            f"  incomplete: the journal lacks {verdict.unrecorded} of the requests that took a "
            "turn: still on their way, lost with a killed worker, dropped (journal.max_mb), or not "
            "kept (journal.mode)"
        )


def said(reason: Reason) -> str:
    """A reason on one line."""
    return f"{_where(reason)}{one_line(reason.text)}"


def _where(reason: Reason) -> str:
    parts = []
    if reason.track is not None:
        parts.append(f"track {reason.track}")
    if reason.position is not None:
        parts.append(f"position {reason.position}")
        parts += [] if reason.turn is None else [f"turn {reason.turn}"]
    return f"{', '.join(parts)}: " if parts else ""


def _at(position: int | None) -> str:
    return "" if position is None else f"position {position}: "


def _far(verdict: Verdict) -> str:
    found = verdict.conversations
    far = [
        f"{each.taken} of {each.turns} turns taken"
        + (f" of track {each.name}" if each.name != MAIN else "")
        for each in verdict.tracks
    ]
    if found is not None:
        far.append(_counted(found))
    if verdict.aborted:
        far.append(f"{_many(verdict.aborted, 'request')} aborted")
    return "; ".join(far) or _many(verdict.requests, "request")


def _counted(found: Conversations) -> str:
    parts = [f"{found.failed} failed"] if found.failed else []
    parts.append(f"{found.ended} ended")
    parts += [f"{each.count} stopped at step {each.step}" for each in found.stopped]
    parts += [f"{found.aborted} aborted"] if found.aborted else []
    return f"{_many(found.began, 'conversation')}: {', '.join(parts)}"


def _failed(found: Conversations) -> Iterator[str]:
    failed = [each for each in found.page if not each.passed]
    for each in failed[:_MOST_CONVERSATIONS]:
        first, *more = each.reasons
        others = f" (and {len(more)} more)" if more else ""
        yield f"  {each.conversation}: {said(first)}{others}"
    shown = min(len(failed), _MOST_CONVERSATIONS)
    if found.failed > shown:
        yield f"  and {_many(found.failed - shown, 'more conversation')}"
    if found.without_id:
        yield f"  counted by step only, for want of an id that llmsim made: {_steps(found)}"


def _steps(found: Conversations) -> str:
    return ", ".join(
        f"{_many(each.count, 'request')} at step {each.step}" for each in found.without_id
    )
