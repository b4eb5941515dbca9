"""Custom tools of OpenAI's APIs: called with free text, where functions take JSON.

`openai.types.responses.CustomTool`, `openai.types.chat.ChatCompletionCustomToolParam`.
"""

from __future__ import annotations

from llmsim.conversation import Conversation
from llmsim.reply import ToolCall


def custom_names(conversation: Conversation) -> frozenset[str]:
    """The names of the custom tools that a request offers."""
    return frozenset(tool.name for tool in conversation.tools if tool.kind == "custom")


def custom_input(call: ToolCall) -> str:
    """The text that a custom tool is called with.

    Arguments that are a string, as they are; an object with one string, that string, since scripts
    written for functions have it so; anything else as JSON text.
    """
    value = call.arguments
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value if isinstance(value, str) else call.arguments_json
