"""Whether a request may take a turn: errors that are injected and limits come before any turn."""

from __future__ import annotations

from collections.abc import Callable

from llmsim.conversation import Request
from llmsim.playback.injected import errors_of, refuse_by_header
from llmsim.playback.limits import limits_of
from llmsim.script import Script
from llmsim.store.base import Seen, Store, Take

Caller = Callable[[], bytes]
"""Says who asks, where limits are by key: a digest, never the key."""


def nobody() -> bytes:
    """A caller without a key."""
    return b""


class Admission:
    """What stands before the turns of a script."""

    def __init__(self, script: Script) -> None:
        self._errors = errors_of(script.errors, script.seed)
        self.limits = limits_of(script.limits)

    def admitted(
        self, store: Store, seen: Seen, take: Take, request: Request, caller: Caller
    ) -> tuple[Seen, Take]:
        """What to claim with, and what, for a request that may take a turn.

        Raises:
            WithheldError: it gets an error in the place of a turn.
            MovedError: the session is no longer as it was seen.
        """
        refuse_by_header(request)
        if self._errors is not None:
            arrival, seen = store.arrive(request.session, seen)
            self._errors.draw(request.session, arrival)
            take = take._replace(arrival=arrival)
        if self.limits is not None:
            who = caller() if self.limits.by_key else b""
            take = take._replace(limits=self.limits.of(request, who))
        return seen, take
