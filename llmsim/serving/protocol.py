"""The protocol check of a request: whether the real API would refuse it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmsim.apis.protocol import NOTHING, Violation
from llmsim.conversation import Request
from llmsim.playback.earlier import Earlier
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Failure
from llmsim.script import Script
from llmsim.serving.readings import Reading
from llmsim.settings import OFF, REFUSE

REASON = "protocol"  # the journal's word for why a request took no turn


class ProtocolCheck:
    """What `Playback.take` calls before a turn is taken.

    `own` is what the session says in a generation, `by_default` what the settings say; the
    script's word stands between them. What was `found` is for the journal.
    """

    def __init__(
        self,
        reading: Reading,
        request: Request,
        own: Callable[[int], str | None],
        by_default: str,
    ) -> None:
        self._reading = reading
        self._request = request
        self._own = own
        self._by_default = by_default
        self.found: Sequence[Violation] = NOTHING

    def __call__(self, script: Script, earlier: Earlier) -> None:
        """Look at the request.

        Raises:
            WithheldError: the real API would refuse it, and so does this one: in its words.
        """
        word = self._own(earlier.generation) or script.protocol or self._by_default
        if word == OFF:
            return
        self.found = self._reading.violations(self._request, earlier)
        if self.found and word == REFUSE:
            raise WithheldError(_failure(self.found[0]), REASON)


def _failure(violation: Violation) -> Failure:
    return Failure(
        400, "invalid_request", violation.message, code=violation.code, param=violation.param
    )
