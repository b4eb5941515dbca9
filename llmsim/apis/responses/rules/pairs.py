"""Items that belong together: calls and their outputs, reasoning and what it led to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from llmsim.apis.protocol import Violation, cut_before, lost_after
from llmsim.apis.responses.digest import Digest, Json, kind_of
from llmsim.made_ids import made_id, taken_apart

_OUTPUT: Final = "function_call_output"
_NEED_REASONING: Final = ("function_call", "message")


def reasoning_without_item(digest: Digest) -> Iterator[Violation]:
    """What the model thought is followed at once by what it then said or called."""
    for index in digest.thoughts:
        name = digest.items[index].get("id")
        if not isinstance(name, str):
            continue  # what is sent with `encrypted_content` alone stands for itself
        following = digest.items[index + 1 : index + 2]
        if following and _may_follow(name, following[0]):
            continue
        yield Violation(
            "reasoning_without_item",
            f"Item '{name}' of type 'reasoning' was provided without its required following item.",
            index,
            f"the reasoning item {name}, and none of its response directly behind it",
            "the message or the call that came with it",
            f"The item behind item {index} was dropped, or came from another response: send items "
            "of a response together, or leave all of them out.",
            "input",
        )


def _may_follow(name: str, following: Json) -> bool:
    """Whether an item is the assistant's, and of the same response as far as can be told."""
    kind = kind_of(following)
    if kind.endswith("_output") or (kind == "message" and following.get("role") != "assistant"):
        return False
    other = following.get("id")
    made, made_then = taken_apart(name), taken_apart(other) if isinstance(other, str) else None
    return made is None or made_then is None or made.is_beside(made_then)


def item_without_reasoning(digest: Digest) -> Iterator[Violation]:
    """An item with an id of a response that began with reasoning comes with that reasoning."""
    if not digest.earlier.may_have_thought:
        return
    if not all(digest.items[index].get("id") for index in digest.thoughts):
        return  # one without an id may be the one that is looked for
    names = {name for _, _, name in digest.named}
    for index, kind, name in digest.named:
        missing = _reasoning_of(digest, name) if kind in _NEED_REASONING else None
        if missing is None or missing in names:
            continue
        yield Violation(
            "item_without_reasoning",
            f"Item '{name}' of type '{kind}' was provided without its required 'reasoning' item: "
            f"'{missing}'.",
            index,
            f"the item {name} without the reasoning {missing} that came before it",
            "the reasoning item just before, or no id",
            f"The reasoning before item {index} was dropped: send it too, or leave out the item's "
            "id.",
            "input",
        )


def _reasoning_of(digest: Digest, name: str) -> str | None:
    """The id of the reasoning that came with an item, None where there was none."""
    made = taken_apart(name)
    return made_id("rs", made.marks) if made and digest.earlier.thought(made) else None


def result_without_call(digest: Digest) -> Iterator[Violation]:
    """An output answers a call before it, or one of the responses that the request goes on from.

    The API's words for custom tools are not known.
    """
    elsewhere, is_whole = digest.calls_elsewhere()
    if not is_whole:
        return
    calls: dict[Any, int] = {}
    for call_id, _, index in (*elsewhere, *digest.calls):
        if isinstance(call_id, str):
            calls.setdefault(call_id, index)
    for index, kind, call_id in digest.results:
        if kind != _OUTPUT or not isinstance(call_id, str):
            continue
        if calls.get(call_id, index) >= index and not digest.may_be_older(call_id):
            yield Violation(
                "result_without_call",
                f"No tool call found for function call output with call_id {call_id}.",
                index,
                f"an output of the call {call_id}",
                "that call before it, or in the previous response",
                cut_before(index, "item"),
                "input",
            )


def call_without_result(digest: Digest) -> Iterator[Violation]:
    """Every call has an output, also those of the previous response."""
    elsewhere, _ = digest.calls_elsewhere()
    answered = {call_id for _, _, call_id in digest.results if isinstance(call_id, str)}
    for call_id, kind, index in (*elsewhere, *digest.calls):
        if not isinstance(call_id, str) or call_id in answered:
            continue
        before = index < 0
        yield Violation(
            "call_without_result",
            f"No tool output found for {kind} {call_id}.",
            None if before else index,
            f"no output of the call {call_id}"
            + (" of the previous response" if before else f", which item {index} is"),
            "an output for each call",
            "The previous response called a tool: send its output, before anything is said."
            if before
            else lost_after(index, "item"),
            "input",
        )
