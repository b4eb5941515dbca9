"""What stands outside of the messages, and messages that say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from llmsim.apis.chat.digest import Digest, Json
from llmsim.apis.openai_tools import strict_schema_of, tool_name_of
from llmsim.apis.protocol import Violation, empty_array

_ONLY_WITH_TOOLS: Final = ("tool_choice", "parallel_tool_calls")
# What an assistant message may have in the place of content.
_INSTEAD_OF_CONTENT: Final = ("tool_calls", "function_call", "refusal", "audio")


def tools_empty(digest: Digest) -> Iterator[Violation]:
    """A list of tools has one at least."""
    if digest.body.get("tools") == []:
        yield Violation(
            "tools_empty",
            empty_array("tools"),
            None,
            "'tools': []",
            "a tool at least, or no 'tools'",
            "Leave 'tools' out where there are none.",
            "tools",
            "empty_array",
        )


def option_without_tools(digest: Digest) -> Iterator[Violation]:
    """Options for tools need tools."""
    body = digest.body
    if body.get("tools") is not None:
        return
    for name in _ONLY_WITH_TOOLS:
        if body.get(name) is not None:
            yield Violation(
                "option_without_tools",
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.",
                None,
                f"'{name}' and no 'tools'",
                f"'tools', or no '{name}'",
                f"Leave '{name}' out where no tools are offered.",
                name,
            )


def tool_name(digest: Digest) -> Iterator[Violation]:
    """See `tool_name_of`."""
    return tool_name_of(digest.functions)


def strict_schema(digest: Digest) -> Iterator[Violation]:
    """See `strict_schema_of`."""
    return strict_schema_of(digest.functions)


def json_not_mentioned(digest: Digest) -> Iterator[Violation]:
    """Who wants JSON says the word somewhere."""
    wanted = digest.body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_object":
        return
    if any("json" in text.lower() for message in digest.messages for text in _texts(message)):
        return
    yield Violation(
        "json_not_mentioned",
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
        "'json_object'.",
        None,
        "a 'response_format' of type 'json_object', and no message with the word",
        "the word 'json' in a message",
        "Ask for JSON in the system message; a cut may have taken it away.",
        "messages",
    )


def _texts(message: Json) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part.get("text"), str):
            yield part["text"]


def content_missing(digest: Digest) -> Iterator[Violation]:
    """A message says something, or calls something."""
    for index in digest.silent:
        message = digest.messages[index]
        if message.get("content") is not None or any(map(message.get, _INSTEAD_OF_CONTENT)):
            continue
        yield Violation(
            "content_missing",
            "Invalid value for 'content': expected a string, got null.",
            index,
            f"a message of the role {message['role']!r} without content",
            "a text, or calls",
            f"Message {index} says nothing: an answer or a tool's result was probably empty.",
            f"messages.[{index}].content",
        )
