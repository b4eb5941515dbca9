"""Calls and their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmsim.apis.anthropic.digest import CALL_ID, Block, Digest
from llmsim.apis.protocol import Violation, cut_before, lost_after


def call_id_form(digest: Digest) -> Iterator[Violation]:
    """A call id has letters, digits, `_` and `-`."""
    for message, index, call_id in digest.calls:
        if isinstance(call_id, str) and not CALL_ID.fullmatch(call_id):
            yield Violation(
                "call_id_form",
                f"messages.{message}.content.{index}.tool_use.id: String should match pattern "
                "'^[a-zA-Z0-9_-]+$'",
                message,
                f"the call id {call_id!r}",
                "letters, digits, '_' and '-'",
                "The id probably comes from another API, or from a framework.",
            )


def call_id_twice(digest: Digest) -> Iterator[Violation]:
    """No two calls have one id."""
    seen: dict[str, int] = {}
    for message, index, call_id in digest.calls:
        if not isinstance(call_id, str):
            continue
        if call_id in seen:
            yield Violation(
                "call_id_twice",
                f"messages.{message}.content.{index}: `tool_use` ids must be unique",
                message,
                f"the call id {call_id}, which message {seen[call_id]} has as well",
                "an id of its own for each call",
                "A part of the history is there twice, or an id was given twice.",
            )
        seen.setdefault(call_id, message)


def _strings(blocks: Sequence[Block]) -> list[str]:
    return [name for _, _, name in blocks if isinstance(name, str)]


def call_without_result(digest: Digest) -> Iterator[Violation]:
    """The next message of the user has a result for each call."""
    for calls, results, answered in digest.rounds:
        given = set(_strings(results))
        missing = [call for call in calls if isinstance(call[2], str) and call[2] not in given]
        if not missing or not answered:
            continue
        at, ids = missing[0][0], ", ".join(_strings(missing))
        yield Violation(
            "call_without_result",
            f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {ids}. Each `tool_use` block must have a corresponding `tool_result` block in "
            "the next message.",
            at,
            f"no tool_result for {ids} behind message {at}",
            "a tool_result for each call, in the next message",
            lost_after(at),
        )


def result_without_call(digest: Digest) -> Iterator[Violation]:
    """A result answers a call of the message before."""
    for calls, results, _ in digest.rounds:
        known = set(_strings(calls))
        for message, index, call_id in results:
            if isinstance(call_id, str) and call_id not in known:
                yield Violation(
                    "result_without_call",
                    f"messages.{message}.content.{index}: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {call_id}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message.",
                    message,
                    f"a result of the call {call_id}",
                    "a message with that call just before",
                    cut_before(message),
                )


def result_twice(digest: Digest) -> Iterator[Violation]:
    """A call has one result."""
    for _, results, _ in digest.rounds:
        seen: set[str] = set()
        for message, index, call_id in results:
            if isinstance(call_id, str) and call_id in seen:
                yield Violation(
                    "result_twice",
                    f"messages.{message}.content.{index}: each tool_use must have a single result. "
                    f"Found multiple `tool_result` blocks with id: {call_id}",
                    message,
                    f"a second result of the call {call_id}",
                    "one result for each call",
                    "A tool ran twice, or its result was written down twice.",
                )
            elif isinstance(call_id, str):
                seen.add(call_id)
