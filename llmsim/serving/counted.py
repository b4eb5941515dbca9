"""What is counted of one request, as it goes along."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from llmsim.apis.protocol import Violation
from llmsim.apis.renderer import Call
from llmsim.metrics import catalog, host
from llmsim.metrics.counters import NO_STATUS, Kind
from llmsim.playback import Taken
from llmsim.playback.findings import Finding
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

# Who broke an answer off.
CLIENT: Final = "client"
SCRIPT: Final = "script"

_NOTHING: Final = (0, 0)
_BY: Final = {"injected_by_header": "header", "injected_by_rate": "rate"}


class Count:
    """One request to that API, whose session was named in that way.

    It is active from here until it is `done` or `forgotten`.
    """

    def __init__(self, api: str, session: str) -> None:
        self.started = time.perf_counter()
        self._api = api
        self._session = session
        self._counters = host.counters()
        self._turn = OTHER
        self._stream = False
        self._status = ""
        self._model: str | None = None
        self._tokens = _NOTHING
        self._is_done = False
        self._is_streaming = False
        self._counters.begins()

    def wants_turn(self) -> None:
        """It asks for a turn, and may yet be refused."""
        self._turn = REFUSED

    def understood(self, call: Call) -> None:
        """What it asks for."""
        self._stream, self._model = call.stream, call.model

    def took(self, taken: Taken, usage: Usage | None) -> None:
        """It took a turn; `usage` is what the answer costs, None for an error."""
        self._turn = EXHAUSTED if taken.turn is None else type_of(taken.turn)
        if usage is not None:
            self._tokens = usage.prompt, usage.completion
        if taken.unmet:
            self._counters.count(catalog.UNMET, number=len(taken.unmet))

    def withheld(self, error: WithheldError) -> None:
        """It takes no turn."""
        self._turn = WITHHELD
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
            self._counters.count(catalog.FAULTS, "turn", fault)

    def answers(self, status: int) -> None:
        """The status of its answer."""
        self._status = NO_STATUS if status == NO_ANSWER else str(status)

    @property
    def is_stream(self) -> bool:
        """Whether its answer is a stream."""
        return self._stream and self._status == "200"

    def begins(self) -> None:
        """The answer is on its way."""
        if self.is_stream:
            self._is_streaming = True
            self._counters.streams(1)

    def first_content(self, seconds: float) -> None:
        """The first content of its answer leaves so long after it came."""
        if self.is_stream:
            self._counters.first_token(self._api, seconds)

    def late(self, seconds: float) -> None:
        """A chunk of its answer leaves so much later than it was to."""
        self._counters.late(max(seconds, 0))

    def done(self) -> None:
        """Its answer is about to end. The client may ask for the numbers as soon as it has that."""
        if self._is_done:
            return
        self._is_done = True
        kind = Kind(self._api, self._stream, self._status, self._turn, self._session)
        seconds = time.perf_counter() - self.started
        self._counters.ends(kind, seconds, self._model, self._tokens)
        if self._is_streaming:
            self._is_streaming = False
            self._counters.streams(-1)

    def aborted(self, by: str) -> None:
        """Its answer did not reach its end."""
        self._counters.count(catalog.ABORTED, self._api, by)

    def forgotten(self) -> None:
        """It gets no answer from here: another one takes its place."""
        if not self._is_done:
            self._is_done = True
            self._counters.leaves()
