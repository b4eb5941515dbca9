"""What a client makes of what it was served, as its next request shows.

Only the end of a history is looked at, behind the last answer: what came before was looked at when
it was the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from llmsim.conversation import ASSISTANT_ROLES, RESULT_ROLE, Message
from llmsim.playback.findings.finding import REPEATED_RESULT, UNANSWERED_CALL, Finding

_MOST: Final = 5  # findings of a kind in one request


def results(messages: Sequence[Message]) -> Iterator[Finding]:
    """Calls of the last answer without a result, and results that came before."""
    end = len(messages)
    begin = end
    while begin and messages[begin - 1].role not in ASSISTANT_ROLES:
        begin -= 1
    if not begin or begin == end:
        return  # nothing was answered yet, or the answer is the end: a prefill
    told = Counter(
        each.call_id for each in messages[begin:] if each.role == RESULT_ROLE and each.call_id
    )
    called = _called(messages, begin)
    if told or called:
        yield from _unanswered(called, told)
        yield from _repeated(messages[:begin], called, told)


def _called(messages: Sequence[Message], end: int) -> list[str]:
    """The ids of the calls in the last answer, which ends before `end`."""
    called: list[str] = []
    while end and messages[end - 1].role in ASSISTANT_ROLES:
        end -= 1
        called += [call.id for call in messages[end].calls if call.id]
    return called[::-1]


def _unanswered(called: list[str], told: Mapping[str, int]) -> Iterator[Finding]:
    for name in [name for name in called if name not in told][:_MOST]:
        yield Finding(UNANSWERED_CALL, f"the history goes on without the result of the call {name}")


def _repeated(
    before: Sequence[Message], called: list[str], told: Mapping[str, int]
) -> Iterator[Finding]:
    """Results that the end of the history holds twice, or that stood before the last answer."""
    twice = {name for name, times in told.items() if times > 1}
    late = told.keys() - set(called)
    if late:
        twice |= late & {each.call_id for each in before if each.role == RESULT_ROLE}
    for name in sorted(twice)[:_MOST]:
        yield Finding(REPEATED_RESULT, f"the history holds two results of the call {name}")
