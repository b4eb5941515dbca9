"""Reads an Anthropic Messages request (`anthropic.types.MessageCreateParams`)."""

from __future__ import annotations

from typing import Any

from llmsim.apis.anthropic.thread import previous_message
from llmsim.apis.history import History, called_tool, content_of, tools_of
from llmsim.apis.reading import (
    Path,
    filled_array,
    missing,
    objects,
    optional_boolean,
    required_string,
    was_integer,
    wrong_type,
)
from llmsim.apis.renderer import Call
from llmsim.conversation import PREVIOUS_RESPONSE, Conversation
from llmsim.errors import RequestError


def read_messages(body: dict[str, Any]) -> Call:
    """The request in `body`; unknown fields, models, roles, block types and tool types pass.

    Raises:
        RequestError: a field is missing or wrong.
    """
    model = required_string(body, "model")
    _check_max_tokens(body.get("max_tokens"))
    return Call(
        conversation=read_conversation(body), model=model, stream=optional_boolean(body, "stream")
    )


def read_conversation(body: dict[str, Any]) -> Conversation:
    """What a request to `/messages` or `/messages/count_tokens` says.

    Raises:
        RequestError: a field is missing or wrong.
    """
    history = History()
    system, _ = content_of(body.get("system"), "system")
    if system:
        history.say("system", (system, 0))
    messages, previous = body.get("messages"), previous_message(body)
    if previous is not None:
        history.stand_in(PREVIOUS_RESPONSE, previous)
    if previous is None or messages != []:  # a thread may go on with nothing new
        filled_array(messages, "messages", "an array of messages")
    for path, message in objects(messages, "messages"):
        _add_message(history, message, path)
    tools = tools_of(body.get("tools"), "tools")
    return history.conversation(tools, is_thread=previous is not None)


def _check_max_tokens(value: Any) -> None:
    if value is None:
        raise missing("max_tokens", "an integer from 1 up")
    if not was_integer(value):
        raise wrong_type("max_tokens", "an integer", value)
    if value < 1:
        raise RequestError(
            f"'max_tokens' must be an integer from 1 up, got {value}.", param="max_tokens"
        )


def _add_message(history: History, message: dict[str, Any], path: Path) -> None:
    """A message, and apart from it the tool results and tool calls among its blocks."""
    role = required_string(message, "role", path)
    content = message.get("content")
    if not isinstance(content, list):
        history.say(role, content_of(content, (path, "content")))
        return
    said, calls = [], []
    for where, block in objects(content, (path, "content")):
        kind = block.get("type")
        if kind == "tool_result":
            result = content_of(block.get("content"), (where, "content"))
            history.result(block.get("tool_use_id"), result)
        elif kind == "tool_use":
            call = {**block, "type": "function", "arguments": block.get("input", {})}
            calls.append(called_tool(call, where))
        else:
            said.append(block)
    if said or calls or role == "assistant":
        history.say(role, content_of(said, (path, "content")), tuple(calls))
