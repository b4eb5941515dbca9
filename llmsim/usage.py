"""Usage: what a request and its answer cost in tokens, as the providers count it."""

from __future__ import annotations

from dataclasses import dataclass

from llmsim.conversation import Conversation, Message
from llmsim.reply import Reply, ToolCall
from llmsim.tokens import count

# Framing of a chat message as OpenAI's guide to counting tokens gives it, and the price of a low-detail picture.
_PER_MESSAGE = 4
_PER_REPLY = 3
_PER_IMAGE = 85


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the prompt (history, tool definitions, tool results) and of the completion (text, tool names and arguments, reasoning).

    `reasoning` is a part of `completion`, `cached` of `prompt`.
    """

    prompt: int
    completion: int
    reasoning: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion


def usage_of(conversation: Conversation, reply: Reply) -> Usage:
    """What a request and its reply cost: counted, but for what the reply says itself."""
    given = reply.tokens
    return Usage(
        prompt=prompt_tokens(conversation) if given.prompt_tokens is None else given.prompt_tokens,
        completion=completion_tokens(reply) if given.completion_tokens is None else given.completion_tokens,
        reasoning=count(reply.reasoning or "") if given.reasoning_tokens is None else given.reasoning_tokens,
        cached=given.cached_tokens or 0,
    )


def prompt_tokens(conversation: Conversation) -> int:
    """The tokens of everything that a request said."""
    total = _PER_REPLY + sum(_message_tokens(message) for message in conversation.messages)
    if conversation.system:
        total += _PER_MESSAGE + count(conversation.system)
    total += sum(_PER_MESSAGE + count(result) for result in conversation.tool_results.values())
    return total + sum(count(tool.definition) for tool in conversation.tools)


def _message_tokens(message: Message) -> int:
    calls = sum(count(call.name) + count(call.arguments) for call in message.calls)
    return _PER_MESSAGE + count(message.text) + calls + _PER_IMAGE * message.images


def completion_tokens(reply: Reply) -> int:
    """The tokens of everything that a reply says, its reasoning included."""
    return sum(count(block.name) + count(block.arguments_json) if isinstance(block, ToolCall) else count(block.text) for block in reply.blocks)
