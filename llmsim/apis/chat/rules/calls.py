"""Calls and their results."""

from __future__ import annotations

from collections.abc import Iterator

from llmsim.apis.chat.digest import MOST_OF_A_CALL_ID, Digest
from llmsim.apis.protocol import Violation, cut_before, empty_array, long_call_id, lost_after


def calls_empty(digest: Digest) -> Iterator[Violation]:
    """A list of calls has one at least."""
    for index in digest.callless:
        param = f"messages[{index}].tool_calls"
        yield Violation(
            "calls_empty",
            empty_array(param),
            index,
            "'tool_calls': []",
            "a call at least, or no 'tool_calls'",
            "Leave 'tool_calls' out of a message that calls nothing.",
            param,
            "empty_array",
        )


def call_id_too_long(digest: Digest) -> Iterator[Violation]:
    """A call id has 40 characters at most."""
    for at, calls, _ in digest.exchanges:
        for number, call_id in enumerate(calls):
            if len(call_id) > MOST_OF_A_CALL_ID:
                param = f"messages[{at}].tool_calls[{number}].id"
                yield long_call_id(call_id, MOST_OF_A_CALL_ID, at, param)


def result_without_id(digest: Digest) -> Iterator[Violation]:
    """A tool message says which call it answers."""
    for at, _, results in digest.exchanges:
        for index, call_id in enumerate(results, at + 1):
            if not call_id and digest.messages[index].get("tool_call_id") is None:
                yield Violation(
                    "result_without_id",
                    "Missing parameter 'tool_call_id': messages with role 'tool' must have a "
                    "'tool_call_id'.",
                    index,
                    "a tool message without 'tool_call_id'",
                    "the id of the call that it answers",
                    f"Message {index} lost its id on the way through the agent.",
                    f"messages.[{index}].tool_call_id",
                )


def result_without_call(digest: Digest) -> Iterator[Violation]:
    """Tool messages follow a message with calls. The API stops at the first that does not."""
    for at, calls, results in digest.exchanges:
        if not calls:
            index = at + 1
            yield Violation(
                "result_without_call",
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'.",
                index,
                f"a result of the call {results[0]}",
                "an assistant message with that call just before",
                cut_before(index),
                f"messages.[{index}].role",
            )


def result_of_other_call(digest: Digest) -> Iterator[Violation]:
    """A tool message answers a call of the message before."""
    for at, calls, results in digest.exchanges:
        known = {"", *calls}
        for index, call_id in enumerate(results if calls else (), at + 1):
            if call_id not in known:
                yield Violation(
                    "result_of_other_call",
                    f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' "
                    "of previous message.",
                    index,
                    f"a result of the call {call_id}",
                    f"a result of one of {', '.join(calls)}",
                    f"Message {index} answers no call of message {at}: an id was changed, or a "
                    "call was dropped.",
                    f"messages.[{index}].tool_call_id",
                )


def call_without_result(digest: Digest) -> Iterator[Violation]:
    """The calls of a message are answered at once, each of them."""
    last = len(digest.messages) - 1
    for at, calls, results in digest.exchanges:
        answered = {"", *results}
        ids = ", ".join(call_id for call_id in calls if call_id not in answered)
        if not ids:
            continue
        end = at + len(results)
        yield Violation(
            "call_without_result",
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{ids}",
            at,
            f"no tool message for {ids} directly behind message {at}",
            "a tool message for each call, and nothing else before them",
            lost_after(end),
            f"messages.[{min(end + 1, last)}].role",
        )
