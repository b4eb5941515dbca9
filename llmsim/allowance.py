"""What a client may still ask for, as the rate-limit headers of an answer say it."""

from __future__ import annotations

from typing import Final, NamedTuple

REQUESTS: Final = "requests"
TOKENS: Final = "tokens"


class Allowance(NamedTuple):
    """How a limit stands behind an answer.

    `what` is `requests` or `tokens`; `limit` of them are allowed in a minute, `remaining` at once.
    In `reset` seconds all of them are, if nobody asks meanwhile.
    """

    what: str
    limit: int
    remaining: int
    reset: float
