"""What stands outside of the messages: tools, marks for the cache, thinking."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from llmsim.apis.anthropic.digest import Digest
from llmsim.apis.protocol import Violation

_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_COMBINED: Final = ("oneOf", "allOf", "anyOf")
_MOST_CACHES: Final = 4
_FIRST_WITH_INTERLEAVED_THINKING: Final = (4, 0)


def tool_name(digest: Digest) -> Iterator[Violation]:
    """A name has letters, digits, `_` and `-`, and at most 128 of them."""
    for index, name in _names(digest):
        if not _TOOL_NAME.fullmatch(name):
            yield Violation(
                "tool_name",
                f"tools.{index}.custom.name: String should match pattern "
                "'^[a-zA-Z0-9_-]{1,128}$'",
                None,
                f"the tool name {name!r}",
                "1 to 128 letters, digits, '_' and '-'",
                "Rename the tool: dots, blanks and slashes often come from a server's prefix.",
            )


def tool_name_twice(digest: Digest) -> Iterator[Violation]:
    """No two tools have one name."""
    names = [name for _, name in _names(digest)]
    if len({*names}) < len(names):
        twice = [name for name, times in Counter(names).items() if times > 1]
        yield Violation(
            "tool_name_twice",
            "tools: Tool names must be unique.",
            None,
            f"more than one tool with the name {twice[0]!r}",
            "a name of its own for each tool",
            "Two sources of tools probably offer the same one.",
        )


def _names(digest: Digest) -> list[tuple[int, str]]:
    return [
        (index, tool["name"])
        for index, tool in enumerate(digest.tools)
        if isinstance(tool.get("name"), str)
    ]


def combined_schema(digest: Digest) -> Iterator[Violation]:
    """A tool's schema begins with no choice."""
    for index, tool in enumerate(digest.tools):
        schema = tool.get("input_schema")
        if isinstance(schema, dict) and any(word in schema for word in _COMBINED):
            yield Violation(
                "combined_schema",
                f"tools.{index}.custom.input_schema: input_schema does not support oneOf, allOf, "
                "or anyOf at the top level",
                None,
                f"a schema of the tool {tool.get('name')!r} that begins with a choice",
                "an object at the top of the schema",
                "Put the choice into a property.",
            )


def cache_controls(digest: Digest) -> Iterator[Violation]:
    """At most four blocks are marked for the cache."""
    if digest.caches > _MOST_CACHES:
        yield Violation(
            "cache_controls",
            f"A maximum of {_MOST_CACHES} blocks with cache_control may be provided. Found "
            f"{digest.caches}.",
            None,
            f"{digest.caches} blocks with cache_control",
            f"{_MOST_CACHES} at most",
            "Take the marks off the older messages as new ones are added.",
        )


def thinking_budget(digest: Digest) -> Iterator[Violation]:
    """From Claude 4 on, with tools, a header that nobody sees here lets the budget be larger."""
    body, thinking = digest.body, digest.body.get("thinking")
    version = digest.version if isinstance(thinking, dict) else None
    if version is None or not isinstance(thinking, dict):
        return
    if version >= _FIRST_WITH_INTERLEAVED_THINKING and digest.tools:
        return
    budget, most = thinking.get("budget_tokens"), body["max_tokens"]
    if thinking.get("type") == "enabled" and isinstance(budget, int) and most <= budget:
        yield Violation(
            "thinking_budget",
            "`max_tokens` must be greater than `thinking.budget_tokens`",
            None,
            f"max_tokens {most} and budget_tokens {budget}",
            "max_tokens above budget_tokens",
            "Raise max_tokens: what is thought counts, too.",
        )
