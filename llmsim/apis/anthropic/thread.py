"""Message threads: the server holds the conversation, and a request sends only what is new.

`anthropic.types.beta.BetaThreadContinueParams`. The tools and the system text of a thread are those
of its first request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def previous_message(body: Mapping[str, Any]) -> Any:
    """The id of the answer that the request goes on from; None where it goes on from none."""
    thread = body.get("thread")
    if not isinstance(thread, dict) or thread.get("type") != "continue":
        return None
    return thread.get("previous_message_id")
