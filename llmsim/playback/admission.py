"""Whether a request may take a turn: errors that are injected come before any turn."""

from __future__ import annotations

from llmsim.conversation import Request
from llmsim.playback.injected import errors_of, refuse_by_header
from llmsim.script import Script
from llmsim.store.base import Seen, Store, Take


class Admission:
    """What stands before the turns of a script."""

    def __init__(self, script: Script) -> None:
        self._errors = errors_of(script.errors, script.seed)

    def admitted(self, store: Store, seen: Seen, take: Take, request: Request) -> tuple[Seen, Take]:
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
        return seen, take
