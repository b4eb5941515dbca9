"""What a request gets in the place of a turn, where it takes none."""

from __future__ import annotations

from llmsim.allowance import Allowance
from llmsim.errors import LlmsimError
from llmsim.reply import Failure


class WithheldError(LlmsimError):
    """The request gets `failure`, and has taken no turn.

    `reason` is the journal's word for why, `injected` the word for an error that was injected.
    `allowances` say how the limits stand that were looked at.
    """

    def __init__(
        self,
        failure: Failure,
        reason: str,
        injected: str | None = None,
        allowances: tuple[Allowance, ...] = (),
    ) -> None:
        self.failure = failure
        self.reason = reason
        self.injected = injected
        self.allowances = allowances
        super().__init__(failure.message)
