"""What a verdict says: dataclasses, and the same as JSON.

A verdict passes where there is no reason against it. Findings are no reasons: they say what is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

NEVER_BEGAN: Final = "never_began"
STOPPED: Final = "stopped"
ABORTED: Final = "aborted"
PAST_END: Final = "past_end"
UNMET: Final = "unmet"
VIOLATION: Final = "violation"
GATE: Final = "gate"
UNRECORDED: Final = "unrecorded"

KINDS: Final = {
    NEVER_BEGAN: "no request took a turn",
    STOPPED: "the requests ended before the last turn",
    ABORTED: "the client left before the end of the last answer",
    PAST_END: "a request came after the last turn, where `on_exhausted` is `error`",
    UNMET: "a turn expected something else of its request",
    VIOLATION: "the real API would have refused the request",
    GATE: "a gate was not released in time",
    UNRECORDED: "the journal has no entry to judge by",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict does not pass: one of `KINDS`, a sentence, and the request it is about.

    `position` and `turn` are None where it is about no single request, `track` is None for the
    script's own turns.
    """

    kind: str
    text: str
    position: int | None = None
    turn: int | None = None
    track: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A kind of finding: how often, and the first one."""

    kind: str
    count: int
    text: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class TrackVerdict:
    """How far a track came that is played by arrival: `taken` of its `turns`."""

    name: str
    turns: int
    taken: int
    finished: bool
    must_finish: bool


@dataclass(frozen=True, slots=True)
class ConversationVerdict:
    """One conversation of a script that is played by history.

    `state` is `ended`, `aborted` or `stopped`; `step` is the last one that it came to.
    """

    conversation: str
    passed: bool
    state: str
    step: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class AtStep:
    """How many there are at a step."""

    step: int
    count: int


@dataclass(frozen=True, slots=True)
class Served(AtStep):
    """The same, and how many errors they were served there."""

    errors: int = 0


@dataclass(frozen=True, slots=True)
class Conversations:
    """All conversations of a script that is played by history.

    `came` counts those that came to each step, `stopped` those that went no further by their last
    step. `without_id` counts requests that cannot be told apart, for want of an id that llmsim
    made. `page` has those that were asked for, `next` asks for what comes after them; None at the
    end.
    """

    began: int
    ended: int
    aborted: int
    failed: int
    came: tuple[Served, ...]
    stopped: tuple[AtStep, ...]
    without_id: tuple[Served, ...]
    page: tuple[ConversationVerdict, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the agents of one session did.

    `complete` is False where the journal lacks some of the requests that took a turn,
    `unrecorded`. `reasons` are the first ones of `reasons_found`, those of conversations apart.
    """

    session: str
    generation: str
    passed: bool
    complete: bool
    requests: int
    aborted: int
    unrecorded: int
    reasons_found: int
    reasons: tuple[Reason, ...]
    tracks: tuple[TrackVerdict, ...]
    findings: tuple[Found, ...]
    conversations: Conversations | None

    def as_json(self) -> dict[str, Any]:
        """The verdict as the control API sends it."""
        return asdict(self)

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Self:
        """What `as_json` wrote."""
        facts = dict(sent)
        facts["reasons"] = _all(Reason, sent["reasons"])
        facts["tracks"] = _all(TrackVerdict, sent["tracks"])
        facts["findings"] = _all(Found, sent["findings"])
        found = sent["conversations"]
        facts["conversations"] = None if found is None else _conversations(found)
        return cls(**facts)

    def __str__(self) -> str:
        from llmsim.verdict.text import lines  # noqa: PLC0415 - it reads this module

        return "\n".join(lines(self))


def _all(kind: type, items: Any) -> tuple[Any, ...]:
    return tuple(kind(**item) for item in items)


def _conversations(sent: Mapping[str, Any]) -> Conversations:
    page = [{**each, "reasons": _all(Reason, each["reasons"])} for each in sent["page"]]
    kinds = {"came": Served, "stopped": AtStep, "without_id": Served}
    steps = {name: _all(kind, sent[name]) for name, kind in kinds.items()}
    return Conversations(**{**sent, **steps, "page": _all(ConversationVerdict, page)})
