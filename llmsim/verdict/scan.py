"""What a session's journal adds up to: its lines are read once, and without their bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from llmsim.journal.entry import CLIENT_GONE
from llmsim.journal.joined import Joined
from llmsim.journal.line import head_of, starts_of
from llmsim.made_ids import generation_mark
from llmsim.playback.findings import Finding
from llmsim.script.folder import DEFAULT
from llmsim.store.base import Session, Store
from llmsim.verdict.model import Found, Served
from llmsim.verdict.plan import Plan
from llmsim.verdict.reasons import Head, Reasons, findings_in
from llmsim.verdict.retries import Retries
from llmsim.verdict.run import Run


class Scan:
    """The entries of a generation of a session that plays by `plan`.

    `claimed` are those that took a turn, `scripts` the names of the scripts that gave it; `tracks`
    are the runs by arrival, `conversations` those by history; these were served `errors`, by step.
    `reasons` are of requests that belong to neither.
    """

    def __init__(self, generation: int, plan: Plan) -> None:
        name = generation_mark(generation)
        self._starts = starts_of(name)
        self._joined = Joined(name)
        self._plan = plan
        self._retries = Retries()
        self._found: dict[str, Found] = {}
        self._without_id: dict[int, Served] = {}
        self.errors = Counter[int]()
        self.requests = self.claimed = self.aborted = 0
        self.scripts: set[str] = set()
        self.tracks: dict[str, Run] = {}
        self.conversations: dict[str, Run] = {}
        self.reasons = Reasons()

    @property
    def findings(self) -> tuple[Found, ...]:
        """What was found, each kind once."""
        return tuple(self._found.values())

    @property
    def without_id(self) -> tuple[Served, ...]:
        """The requests of conversations that nothing tells apart, by step."""
        return tuple(each for _, each in sorted(self._without_id.items()))

    def read(self, store: Store, session: Session, pause: Callable[[], None]) -> None:
        """Read the session's journal. `pause` is called time and again meanwhile."""
        place = 0
        while (following := store.entries(session.name, place, 1, self._keep).mark) != place:
            place = following
            pause()

    def _keep(self, line: bytes) -> bool:
        """Add a line up, and keep none."""
        if line.startswith(self._starts):
            head = head_of(line)
            if head is not None:
                self._add(head)
        return False

    def _add(self, head: Head) -> None:
        self.requests += 1
        self.aborted += head["outcome"] == CLIENT_GONE
        self._note(head, findings_in(head))
        if head.get("position") is None:
            self.reasons.add(head)
            if head["status"] >= 400 and not self._plan.by_history:
                self._note(head, self._retries.add(head))
            return
        self.claimed += 1
        self.scripts.add(head.get("script") or DEFAULT)
        self._add_claimed(head)

    def _add_claimed(self, head: Head) -> None:
        line = self._plan.line(head)
        if not line.by_history:
            self._run(self.tracks, line.name, head)
            self._note(head, self._retries.add(head))
            return
        conversation, step = self._joined.name(head), head.get("step") or 0
        is_error = head["status"] >= 400
        if conversation is not None:
            self.errors[step] += is_error
            run = self._run(self.conversations, conversation, head)
            self._note(head, run.retries.add(head))
            return
        before = self._without_id.get(step, Served(step, 0))
        self._without_id[step] = Served(step, before.count + 1, before.errors + is_error)
        self.reasons.add(head)

    def _run(self, runs: dict[str, Run], name: str, head: Head) -> Run:
        run = runs.get(name)
        if run is None:
            run = runs[name] = Run(self._plan.line(head))
        run.add(head)
        return run

    def _note(self, head: Head, findings: Iterable[Finding]) -> None:
        for kind, text in findings:
            first = self._found.get(kind)
            if first is None:
                self._found[kind] = Found(kind, 1, text, head.get("position"))
            else:
                self._found[kind] = Found(kind, first.count + 1, first.text, first.position)
