"""What the turns have in common that call tools: their replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from llmsim.conversation import Request
from llmsim.reply import Reply
from llmsim.script.turns.call import Call, are_fixed, blocks_at
from llmsim.script.values import Values

MakeReply = Callable[..., Reply]
"""Makes the reply of a turn from the blocks of its calls."""


class Replies:
    """The replies of a turn with these calls: one that is kept, where it is always the same."""

    def __init__(self, calls: Sequence[Call], make: MakeReply) -> None:
        self._calls = calls
        self.read_request = any(call.filling for call in calls)
        self._kept = self._at("", None, make) if are_fixed(calls) else None

    def to(self, serial: str, request: Request, make: MakeReply) -> Reply:
        """The reply to a request; see `Turn.play`."""
        if self._kept is not None:
            return self._kept
        return self._at(serial, Values(request) if self.read_request else None, make)

    def _at(self, serial: str, values: Values | None, make: MakeReply) -> Reply:
        reply = make(*blocks_at(serial, self._calls, values))
        return replace(reply, not_found=values.not_found) if values else reply
