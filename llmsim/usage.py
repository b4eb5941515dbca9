"""Usage: what a request and its answer cost in tokens, as the providers count it."""

from __future__ import annotations

from dataclasses import dataclass

from llmsim.conversation import Conversation, Message
from llmsim.reply import Reply, Text
from llmsim.tokens import count

# Framing of a chat message as OpenAI's guide to counting tokens gives it, and the price of a low-detail picture.
_PER_MESSAGE = 4
_PER_REPLY = 3
_PER_IMAGE = 85


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the prompt (history, tool definitions, tool results) and of the completion (text, tool names and arguments)."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt + self.completion


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
    """The tokens of everything that a reply says."""
    return sum(count(block.text) if isinstance(block, Text) else count(block.name) + count(block.arguments_json) for block in reply.blocks)
