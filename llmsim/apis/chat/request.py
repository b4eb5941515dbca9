"""Reads a Chat Completions request (`openai.types.chat.CompletionCreateParams`)."""

from __future__ import annotations

from typing import Any

from llmsim.apis.custom_tools import custom_names
from llmsim.apis.history import History, called_tool, content_of, tools_of
from llmsim.apis.reading import (
    Path,
    filled_array,
    integer_between,
    objects,
    optional_boolean,
    optional_object,
    required_string,
)
from llmsim.apis.renderer import Call, Shape
from llmsim.conversation import RESULT_ROLE, CalledTool, Conversation

MAX_CHOICES = 128  # the API's own bounds for `n` and `top_logprobs`
MAX_TOP_LOGPROBS = 20
_RESULT_ROLES = (RESULT_ROLE, "function")  # the second of before there were tools: it has no id


def read_chat(body: dict[str, Any]) -> Call:
    """The request in `body`; unknown fields, models, roles, part types and tool types pass.

    Raises:
        RequestError: a field is missing or wrong.
    """
    model = required_string(body, "model")
    conversation = _conversation(body)
    options = optional_object(body, "stream_options")
    return Call(
        conversation=conversation,
        model=model,
        stream=optional_boolean(body, "stream"),
        shape=Shape(
            include_usage=optional_boolean(options, "include_usage", "stream_options"),
            choices=integer_between(body, "n", 1, MAX_CHOICES),
            logprobs=optional_boolean(body, "logprobs"),
            alternatives=integer_between(body, "top_logprobs", 0, MAX_TOP_LOGPROBS) > 0,
            legacy_functions=bool(body.get("functions")) and not body.get("tools"),
            custom_tools=custom_names(conversation),
        ),
    )


def _conversation(body: dict[str, Any]) -> Conversation:
    history = History()
    messages = filled_array(body.get("messages"), "messages", "an array of messages")
    for path, message in objects(messages, "messages"):
        _add_message(history, message, path)
    tools = tools_of(body.get("tools"), "tools") + tools_of(body.get("functions"), "functions")
    return history.conversation(tools)


def _add_message(history: History, message: dict[str, Any], path: Path) -> None:
    role = required_string(message, "role", path)
    said = message.get("content")
    content = content_of(message.get("refusal") if said is None else said, (path, "content"))
    if role in _RESULT_ROLES:
        history.result(message.get("tool_call_id"), content)
    elif "tool_calls" in message or "function_call" in message:
        history.say(role, content, _calls(message, path), speaker=message.get("name"))
    else:
        history.say(role, content, speaker=message.get("name"))


def _calls(message: dict[str, Any], path: Path) -> tuple[CalledTool, ...]:
    """The calls of an assistant message: `tool_calls`, and before those existed `function_call`."""
    calls = tuple(
        called_tool(call, where)
        for where, call in objects(message.get("tool_calls"), (path, "tool_calls"))
    )
    legacy = message.get("function_call")
    return (
        (*calls, called_tool(legacy, (path, "function_call")))
        if isinstance(legacy, dict)
        else calls
    )
