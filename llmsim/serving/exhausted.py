"""What there is to say where a script has no turn left."""

from __future__ import annotations

import logging
from dataclasses import replace

from llmsim.conversation import Conversation, Message
from llmsim.playback import Taken
from llmsim.reply import Failure
from llmsim.serving.once import first_time

_log = logging.getLogger(__name__)

_SHOWN = 80  # characters of the last message


def told(taken: Taken, session: str, conversation: Conversation) -> Taken:
    """An exhausted outcome that says whose it is, and what was asked last.

    The log has it once for each session and generation.
    """
    if not isinstance(taken.outcome, Failure) or taken.outcome.kind != "exhausted":
        return taken
    where = f"Session {session!r}, position {taken.claim.position}"
    if first_time("exhausted", session, taken.claim.generation):
        _log.warning("%s %s; this is said once.", taken.outcome.message, where)
    message = f"{taken.outcome.message} {where}; {_described(conversation.last_message)}"
    return taken._replace(outcome=replace(taken.outcome, message=message))


def _described(last: Message | None) -> str:
    if last is None:
        return "the request holds no message."
    shown = last.text if len(last.text) <= _SHOWN else last.text[:_SHOWN] + "..."
    return f"the last message (role {last.role!r}): {shown!r}."
