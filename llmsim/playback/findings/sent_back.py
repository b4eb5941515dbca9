"""What a client makes of what it was served, as its next request shows.

Only the end of a history is looked at, from the last answer on: what came before was looked at when
it was the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Final

from llmsim.conversation import ASSISTANT_ROLES, RESULT_ROLE, CalledTool, Message
from llmsim.playback.answers import text_of
from llmsim.playback.findings.finding import (
    CUT_ANSWER,
    REPEATED_RESULT,
    UNANSWERED_CALL,
    Finding,
)
from llmsim.reply import Reply

_MOST: Final = 5  # findings of a kind in one request
_SHOWN: Final = 80  # characters


def sent_back(messages: Sequence[Message], served: Callable[[], Iterable[Reply]]) -> list[Finding]:
    """What is odd about the last answer in a history, and about what follows it.

    `served` gives the replies that may have been that answer, as they were served.
    """
    end = len(messages)
    told: list[str] = []
    while end and messages[end - 1].role not in ASSISTANT_ROLES:
        end -= 1
        if messages[end].call_id:
            told.append(messages[end].call_id)
    if not end or end == len(messages):
        return []  # nothing was answered yet, or the answer is the end: a prefill
    begin = end - 1
    while begin and messages[begin - 1].role in ASSISTANT_ROLES:
        begin -= 1
    answer = messages[begin:end]
    called = [call.id for message in answer for call in message.calls if call.id]
    found: list[Finding] = []
    if sorted(called) != sorted(told):
        found += _unanswered(called, frozenset(told))
        found += _repeated(messages[:begin], frozenset(called), Counter(told))
    cut = _cut(answer, served())
    return found if cut is None else [*found, cut]


def _unanswered(called: Sequence[str], told: Set[str]) -> Iterator[Finding]:
    for name in [name for name in called if name not in told][:_MOST]:
        yield Finding(UNANSWERED_CALL, f"the history goes on without the result of the call {name}")


def _repeated(
    before: Sequence[Message], called: Set[str], told: Mapping[str, int]
) -> Iterator[Finding]:
    """Results that the end of the history holds twice, or that stood before the last answer."""
    twice = {name for name, times in told.items() if times > 1}
    late = told.keys() - called
    if late:
        twice |= late & {each.call_id for each in before if each.role == RESULT_ROLE}
    for name in sorted(twice)[:_MOST]:
        yield Finding(REPEATED_RESULT, f"the history holds two results of the call {name}")


def _cut(answer: Sequence[Message], served: Iterable[Reply]) -> Finding | None:
    """The beginning of a text, or of a call's arguments, that stands for the whole."""
    said = text_of(answer)
    calls = [call for message in answer for call in message.calls]
    told = [call.arguments for call in calls]
    cut = None
    for reply in served:
        text = (reply.text or "").strip()
        if said == text and told == [call.arguments_json for call in reply.calls]:
            return None
        cut = cut or _part_of(reply, text, said, calls)
    return cut


def _part_of(reply: Reply, text: str, said: str, calls: Sequence[CalledTool]) -> Finding | None:
    """What of a reply, whose text is `text`, is held in part."""
    if _is_part(said, text):
        return Finding(CUT_ANSWER, f"the history holds a part of the last answer: {_end(said)}")
    for sent, served in zip(calls, reply.calls, strict=False):
        if sent.name == served.name and _is_part(sent.arguments, served.arguments_json):
            told = f"the history holds a part of the arguments of {sent.name!r}"
            return Finding(CUT_ANSWER, f"{told}: {_end(sent.arguments)}")
    return None


def _is_part(sent: str, whole: str) -> bool:
    return 0 < len(sent) < len(whole) and whole.startswith(sent)


def _end(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"...{text[-_SHOWN:]}")
