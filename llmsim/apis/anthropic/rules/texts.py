"""Messages and texts that say nothing, and how the last message may end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from llmsim.apis.anthropic.digest import Digest, Json
from llmsim.apis.protocol import Violation

_FIRST_WITHOUT_PREFILL: Final = (4, 6)
# Blocks of tools that the server runs: an answer that was paused is sent back to be gone on with.
_OF_THE_SERVER: Final = ("server_tool_use", "mcp_tool_use")


def text_empty(digest: Digest) -> Iterator[Violation]:
    """A text block has a text."""
    for message, index, text in digest.blanks:
        words = "be non-empty" if not text else "contain non-whitespace text"
        found = "no characters" if not text else "white space alone"
        yield Violation(
            "text_empty",
            f"messages: text content blocks must {words}",
            message,
            f"a text block of {found}: messages.{message}.content.{index}",
            "a text, or no block",
            f"An answer or a tool's result in message {message} was empty: leave its block out.",
        )


def content_empty(digest: Digest) -> Iterator[Violation]:
    """A message has content, but for the last one where it is the assistant."""
    last = len(digest.messages) - 1
    for index in digest.hollow:
        if index == last and digest.messages[index]["role"] == "assistant":
            continue
        yield Violation(
            "content_empty",
            f"messages.{index}: all messages must have non-empty content except for the optional "
            "final assistant message",
            index,
            f"a message of the role {digest.messages[index]['role']!r} without content",
            "a text or a block",
            f"Message {index} says nothing: leave it out, or say that there was nothing.",
        )


def prefill(digest: Digest) -> Iterator[Violation]:
    """New models do not go on with a text of their own."""
    last, version = digest.messages[-1], digest.version
    if version is None or version < _FIRST_WITHOUT_PREFILL:
        return
    if last["role"] == "assistant" and not _is_paused(last):
        yield Violation(
            "prefill",
            "This model does not support assistant message prefill. The conversation must end with "
            "a user message.",
            len(digest.messages) - 1,
            "an assistant message at the end",
            "a user message at the end",
            "The history ends with an answer: the agent asked again without a word of its own.",
        )


def white_space_at_end(digest: Digest) -> Iterator[Violation]:
    """A text to go on with does not end with white space."""
    last, version = digest.messages[-1], digest.version
    if version is None or version >= _FIRST_WITHOUT_PREFILL:
        return
    text = _last_text(last.get("content"))
    if last["role"] == "assistant" and text[-1:].isspace() and not text.isspace():
        yield Violation(
            "white_space_at_end",
            "messages: final assistant content cannot end with trailing whitespace",
            len(digest.messages) - 1,
            f"an assistant text at the end that ends with {text[-1]!r}",
            "a text that ends with something to read",
            "Strip the text that the model is to go on with.",
        )


def _is_paused(message: Json) -> bool:
    """Whether a message holds calls that the server itself runs."""
    content = message.get("content")
    return isinstance(content, list) and any(
        block.get("type") in _OF_THE_SERVER for block in content
    )


def _last_text(content: Any) -> str:
    if isinstance(content, list):
        content = content[-1].get("text") if content else ""
    return content if isinstance(content, str) else ""
