"""What a request gets in the place of a turn, where it takes none."""

from __future__ import annotations

from llmsim.errors import LlmsimError
from llmsim.reply import Failure


class WithheldError(LlmsimError):
    """The request gets `failure`, and has taken no turn.

    `reason` is the journal's word for why, `injected` the word for an error that was injected.
    """

    def __init__(self, failure: Failure, reason: str, injected: str | None = None) -> None:
        self.failure = failure
        self.reason = reason
        self.injected = injected
        super().__init__(failure.message)
