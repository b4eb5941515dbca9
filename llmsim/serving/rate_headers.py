"""What an answer tells a client of limits, and of when to ask again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from llmsim.allowance import REQUESTS, Allowance
from llmsim.apis.renderer import Renderer
from llmsim.reply import Failure, Reply
from llmsim.serving.rendering import Headers

_SCRIPTED_LIMIT: Final = 60  # requests a minute, as far as a client can tell from a scripted 429


def rate_headers(
    renderer: Renderer, outcome: Reply | Failure, allowances: Sequence[Allowance], default: int
) -> Headers:
    """How limits stand, and when to ask again: said by every 429, and where the script says so.

    A 429 that no limit gave tells of one that is used up. Retry-After is whole seconds.

    Without it Codex and LangChain.js give up, with a fraction Codex does. The SDKs of OpenAI and
    Anthropic take a 0 for none and wait by their own rule; `retry-after-ms` they read first.
    """
    is_limit = isinstance(outcome, Failure) and outcome.status == 429
    seconds = outcome.retry_after if isinstance(outcome, Failure) else None
    if is_limit and seconds is None:
        seconds = default
    if is_limit and not allowances:
        allowances = [Allowance(REQUESTS, _SCRIPTED_LIMIT, 0, seconds or 0)]
    headers = renderer.rate_limits(allowances, int(time.time())) if allowances else []
    if seconds is None:
        return headers
    at_once = [] if seconds else [("retry-after-ms", "1")]
    return [("Retry-After", str(seconds)), *at_once, *headers]
