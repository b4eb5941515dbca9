"""The verdict on many sessions at once: how many passed, and which failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from llmsim.verdict.model import NEVER_BEGAN, Reason, Verdict


@dataclass(slots=True)
class Counts:
    """How many sessions passed, failed, and never began."""

    passed: int = 0
    failed: int = 0
    never_began: int = 0
    incomplete: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count a session."""
        if verdict.passed:
            self.passed += 1
        elif has_begun(verdict):
            self.failed += 1
        else:
            self.never_began += 1
        self.incomplete += not verdict.complete


@dataclass(frozen=True, slots=True)
class SessionVerdict:
    """A session among many: the first reason against it, and of how many."""

    session: str
    passed: bool
    reason: Reason | None
    reasons_found: int
    conversation: str | None = None


@dataclass(slots=True)
class Summary:
    """The verdict on the sessions whose name begins with `prefix`.

    It passes where each session does, and there is one. `groups` counts them by script, where that
    was asked for. `page` has those that were asked for, `next` asks for what comes after them.
    """

    prefix: str
    passed: bool = False
    complete: bool = True
    counts: Counts = field(default_factory=Counts)
    groups: dict[str, Counts] = field(default_factory=dict)
    page: list[SessionVerdict] = field(default_factory=list)
    next: int | None = None

    def add(self, verdict: Verdict, scripts: Iterable[str]) -> None:
        """Count a session; `scripts` are the groups that it belongs to."""
        self.counts.add(verdict)
        for script in scripts:
            self.groups.setdefault(script, Counts()).add(verdict)
        counts = self.counts
        self.passed = counts.passed > 0 and not counts.failed and not counts.never_began
        self.complete = not counts.incomplete

    def as_json(self) -> dict[str, Any]:
        """The verdict as the control API sends it."""
        return asdict(self)

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Self:
        """What `as_json` wrote."""
        facts = dict(sent)
        facts["counts"] = Counts(**sent["counts"])
        facts["groups"] = {name: Counts(**each) for name, each in sent["groups"].items()}
        facts["page"] = [_session(each) for each in sent["page"]]
        return cls(**facts)

    def __str__(self) -> str:
        from llmsim.verdict.text import lines  # noqa: PLC0415 - it reads this module

        return "\n".join(lines(self))


def has_begun(verdict: Verdict) -> bool:
    """Whether any request of the session took a turn."""
    return all(reason.kind != NEVER_BEGAN for reason in verdict.reasons)


def listed(verdict: Verdict) -> SessionVerdict:
    """A session as a summary lists it."""
    if verdict.reasons or verdict.passed:
        first = verdict.reasons[0] if verdict.reasons else None
        return SessionVerdict(verdict.session, verdict.passed, first, verdict.reasons_found)
    found = verdict.conversations
    assert found is not None  # noqa: S101 - or nothing would be against it
    failed = next(each for each in found.page if not each.passed)
    return SessionVerdict(
        verdict.session, False, failed.reasons[0], found.failed, failed.conversation
    )


def _session(sent: Mapping[str, Any]) -> SessionVerdict:
    reason = sent["reason"]
    return SessionVerdict(**{**sent, "reason": Reason(**reason) if reason else None})
