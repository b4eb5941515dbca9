"""What the protocol rules look at in a chat request, gathered in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

from llmsim.apis.openai_tools import Offered, doubtful
from llmsim.conversation import RESULT_ROLE, Request

Json = dict[str, Any]

MOST_OF_A_CALL_ID: Final = 40
_LOOKED_AT: Final = frozenset(("response_format",))
_LOOKED_AT_WITHOUT_TOOLS: Final = _LOOKED_AT | {"tools", "tool_choice", "parallel_tool_calls"}
_NONE: Final[list[str]] = []  # the calls of most messages
_id_of = attrgetter("id")


class Exchange(NamedTuple):
    """Calls, and the tool messages that follow at once: the ids that they have and name.

    `at` is the index of the assistant message. Where tool messages follow none with calls, it is
    that of the message before them, -1 for none, and there are no calls.
    """

    at: int
    calls: list[str]
    results: list[str]


class Digest(NamedTuple):
    """What the rules look at.

    `exchanges` are those that are not plainly sound. `silent` are the indices of messages without
    text and calls, `callless` those whose list of calls is empty. `functions` are the offered ones
    that are not known to be without fault.
    """

    body: Mapping[str, Any]
    exchanges: list[Exchange]
    silent: list[int]
    callless: list[int]
    functions: list[Offered]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing that a rule could find fault with."""
        if self.exchanges or self.silent or self.callless or self.functions:
            return False
        looked_at = _LOOKED_AT if self.body.get("tools") else _LOOKED_AT_WITHOUT_TOOLS
        return looked_at.isdisjoint(self.body)

    @property
    def messages(self) -> Sequence[Json]:
        """As the client sent them."""
        messages: Sequence[Json] = self.body["messages"]
        return messages


def digest_of(request: Request) -> Digest:
    """One pass over the messages as they were read: there is one for each in the body."""
    body = request.body
    sent = body["messages"]
    tools = body.get("tools")
    functions = doubtful(tools, request.conversation.tools, "function") if tools else []
    digest = Digest(body, [], [], [], functions)
    begun, calls = -1, _NONE
    results: list[str] = []
    for index, (role, text, called, _, call_id, _, _) in enumerate(request.conversation.messages):
        if role == RESULT_ROLE and sent[index]["role"] == RESULT_ROLE:
            results.append(call_id)
        else:
            if calls or results:
                _end(digest, begun, calls, results)
                calls, results = _NONE, []
            begun = index
            if called:
                calls = [*map(_id_of, called)]
            elif role == "assistant" and sent[index].get("tool_calls") is not None:
                digest.callless.append(index)
        if not (text or called):
            digest.silent.append(index)
    _end(digest, begun, calls, results)
    return digest


def _end(digest: Digest, begun: int, calls: list[str], results: list[str]) -> None:
    """An exchange has come to its end: it is kept where there is more to look at."""
    if calls != results or "" in calls or _has_long(calls):
        digest.exchanges.append(Exchange(begun, calls, results))


def _has_long(ids: list[str]) -> bool:
    # Most are short all together, which is cheaper to see than each length.
    if len("".join(ids)) <= MOST_OF_A_CALL_ID:
        return False
    return len(max(ids, key=len)) > MOST_OF_A_CALL_ID
