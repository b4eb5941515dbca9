"""Usage: what a request and its answer cost in tokens, as the providers count it."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.conversation import STAND_IN_ROLES, SYSTEM_ROLES, Conversation
from llmsim.reply import Reply, ToolCall
from llmsim.tokens import count

# Framing of a chat message as OpenAI's guide to counting tokens gives it, and the price of a
# low-detail picture.
_PER_MESSAGE = 4
_PER_REPLY = 3
_PER_IMAGE = 85
# System texts count together; a reference says nothing itself, and reasoning is not read again.
_COUNTED_ELSEWHERE = (*SYSTEM_ROLES, *STAND_IN_ROLES)


class Usage(NamedTuple):
    """Tokens of the prompt and of the completion.

    The prompt is history, tool definitions and tool results; the completion is text, tool names and
    arguments, and reasoning.

    `reasoning` is a part of `completion`, `cached` of `prompt`.

    A number that hangs on the prompt is calculated here alone. Renderers only say where it stands:
    stream templates rely on that.
    """

    prompt: int
    completion: int
    reasoning: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion

    @property
    def uncached(self) -> int:
        """What of the prompt came from no cache."""
        return max(self.prompt - self.cached, 0)

    def times(self, choices: int) -> Usage:
        """The same prompt, answered `choices` times."""
        if choices == 1:
            return self
        return self._replace(
            completion=self.completion * choices, reasoning=self.reasoning * choices
        )


def usage_of(conversation: Conversation, reply: Reply) -> Usage:
    """What a request and its reply cost: counted, but for what the reply says itself."""
    given = reply.tokens
    return Usage(
        prompt=prompt_tokens(conversation) if given.prompt_tokens is None else given.prompt_tokens,
        completion=completion_tokens(reply)
        if given.completion_tokens is None
        else given.completion_tokens,
        reasoning=(count(reply.reasoning) if reply.reasoning else 0)
        if given.reasoning_tokens is None
        else given.reasoning_tokens,
        cached=given.cached_tokens or 0,
    )


def prompt_tokens(conversation: Conversation) -> int:
    """The tokens of everything that a request said."""
    if conversation.counted is None:
        conversation.counted = _counted(conversation)
    return conversation.counted


def _counted(conversation: Conversation) -> int:
    total = _PER_REPLY
    for role, text, calls, images, _, _, _ in conversation.messages:
        if role in _COUNTED_ELSEWHERE:
            continue
        total += _PER_MESSAGE + count(text) + _PER_IMAGE * images
        for call in calls:
            total += count(call.name) + count(call.arguments)
    if conversation.system:
        total += _PER_MESSAGE + count(conversation.system)
    for tool in conversation.tools:
        total += count(tool.definition)
    return total


def completion_tokens(reply: Reply) -> int:
    """The tokens of everything that a reply says, its reasoning included."""
    total = 0
    for block in reply.blocks:
        total += (
            count(block.name) + count(block.arguments_json)
            if isinstance(block, ToolCall)
            else count(block.text)
        )
    return total
