"""The form of items and functions, each looked at alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from llmsim.apis.openai_tools import strict_schema_of, tool_name_of
from llmsim.apis.protocol import Violation, long_call_id
from llmsim.apis.responses.digest import MOST_OF_A_CALL_ID, Digest

# How ids of these items begin. A message that the client made has none.
_BEGINNINGS: Final = {"function_call": "fc", "message": "msg", "reasoning": "rs"}


def tool_name(digest: Digest) -> Iterator[Violation]:
    """See `tool_name_of`."""
    return tool_name_of(digest.functions)


def strict_schema(digest: Digest) -> Iterator[Violation]:
    """See `strict_schema_of`."""
    return strict_schema_of(digest.functions)


def item_id_of_other_kind(digest: Digest) -> Iterator[Violation]:
    """An item's id begins as its kind says."""
    for index, kind, name in digest.named:
        begins = _BEGINNINGS.get(kind)
        if begins is None or name.startswith(begins):
            continue
        yield Violation(
            "item_id_of_other_kind",
            f"Invalid 'input[{index}].id': '{name}'. Expected an ID that begins with '{begins}'.",
            index,
            f"the id {name} of an item of the type {kind!r}",
            f"an id that begins with {begins!r}, or none",
            "The id probably comes from another API, or is the call's and not the item's.",
            f"input[{index}].id",
            "invalid_value",
        )


def input_text_of_assistant(digest: Digest) -> Iterator[Violation]:
    """What the assistant said is no input."""
    for index in digest.spoken:
        for number, part in enumerate(digest.items[index]["content"]):
            if part.get("type") == "input_text":
                yield Violation(
                    "input_text_of_assistant",
                    "Invalid value: 'input_text'. Supported values are: 'output_text' and "
                    "'refusal'.",
                    index,
                    f"an 'input_text' in the assistant message {index}",
                    "'output_text'",
                    "The history was probably written by hand, or for another API.",
                    f"input[{index}].content[{number}]",
                    "invalid_value",
                )


def call_id_too_long(digest: Digest) -> Iterator[Violation]:
    """A call id has 64 characters at most."""
    given = [(index, call_id) for call_id, _, index in digest.calls]
    given += [(index, call_id) for index, _, call_id in digest.results]
    for index, call_id in given:
        if isinstance(call_id, str) and len(call_id) > MOST_OF_A_CALL_ID:
            yield long_call_id(call_id, MOST_OF_A_CALL_ID, index, f"input[{index}].call_id")


def item_twice(digest: Digest) -> Iterator[Violation]:
    """No two items have one id."""
    seen: dict[str, int] = {}
    if len({name for _, _, name in digest.named}) == len(digest.named):
        return
    for index, _, name in digest.named:
        if name in seen:
            yield Violation(
                "item_twice",
                f"Duplicate item found with id {name}. Remove duplicate items from your input and "
                "try again.",
                index,
                f"the id {name}, which item {seen[name]} has as well",
                "each item once",
                "A part of the history is there twice.",
                "input",
            )
        seen.setdefault(name, index)
