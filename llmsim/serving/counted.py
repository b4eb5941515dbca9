"""What is counted of one request, as it goes along."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from llmsim.apis.protocol import Violation
from llmsim.metrics import catalog, host
from llmsim.metrics.counters import Counted
from llmsim.playback import Taken
from llmsim.playback.findings import Finding
from llmsim.playback.injected import BY_HEADER, BY_RATE
from llmsim.playback.withheld import WithheldError
from llmsim.reply import NO_ANSWER
from llmsim.script.turns import type_of
from llmsim.usage import Usage

# In the place of a turn's type.
OTHER: Final = "other"  # it asked for no turn, but for the models, say
REFUSED: Final = "refused"
WITHHELD: Final = "withheld"  # it got an error in the place of a turn
EXHAUSTED: Final = "exhausted"

UNNAMED: Final = "none"  # in the place of how it named its session

# Who asked for a fault, or broke an answer off.
CLIENT: Final = "client"
SCRIPT: Final = "script"
TURN: Final = "turn"
_BY: Final = {BY_HEADER: "header", BY_RATE: "rate"}


class Count(Counted):
    """One request. It is active from here until `done` or `forgotten`.

    `is_stream` says that its answer is a stream: an error never is.
    """

    turn = OTHER
    is_stream = is_done = False
    _is_streaming = False

    def __init__(self, api: str, session: str) -> None:
        self.started = time.perf_counter()
        self.api = api
        self.session = session
        self._counters = host.counters()
        self._counters.begins()

    def claimed(self, seconds: float) -> None:
        """It has waited so long for its position."""
        self.claim = seconds

    def took(self, taken: Taken, usage: Usage | None) -> None:
        """It took a turn; `usage` is what the answer costs, None for an error."""
        self.turn = EXHAUSTED if taken.turn is None else type_of(taken.turn)
        if usage is not None:
            self.is_stream = self.stream
            self.prompt_tokens, self.completion_tokens = usage.prompt, usage.completion
        if taken.unmet:
            self._counters.count(catalog.UNMET, number=len(taken.unmet))

    def withheld(self, error: WithheldError) -> None:
        """It takes no turn."""
        self.turn = WITHHELD
        if error.injected:
            self._counters.count(catalog.FAULTS, _BY[error.reason], error.injected)

    def violated(self, found: Sequence[Violation]) -> None:
        """What the real API would refuse of it."""
        for violation in found:
            self._counters.count(catalog.VIOLATIONS, violation.rule)

    def found(self, findings: Sequence[Finding]) -> None:
        """What is odd about it."""
        for finding in findings:
            self._counters.count(catalog.FINDINGS, finding.kind)

    def faulty(self, fault: str | None) -> None:
        """The fault of its turn, None for none."""
        if fault is not None:
            self._counters.count(catalog.FAULTS, TURN, fault)

    def begins(self) -> None:
        """Its answer is on its way."""
        if self.is_stream:
            self._is_streaming = True
            self._counters.streams(1)

    def first_content(self, seconds: float) -> None:
        """The first content of its stream leaves so long after it came."""
        self._counters.first_token(self.api, seconds)

    def late(self, seconds: float) -> None:
        """A chunk of its answer leaves so much later than it was to."""
        self._counters.late(max(seconds, 0))

    def done(self) -> None:
        """Its answer is about to end. The client may ask for the numbers as soon as it has that."""
        if self.is_done:
            return
        self.is_done = True
        self.seconds = time.perf_counter() - self.started
        if self.status == NO_ANSWER:
            self.status = 0
        self._counters.ends(self)
        if self._is_streaming:
            self._counters.streams(-1)

    def aborted(self, by: str) -> None:
        """Its answer did not reach its end."""
        self._counters.count(catalog.ABORTED, self.api, by)

    def forgotten(self) -> None:
        """It gets no answer from here: another one takes its place."""
        if not self.is_done:
            self.is_done = True
            self._counters.leaves()
