"""Reads a Responses request of OpenAI or OpenResponses.

`openai.types.responses.ResponseCreateParams`, and `CreateResponseBody` of OpenResponses.
"""

from __future__ import annotations

from typing import Any

from llmsim.apis.custom_tools import custom_names
from llmsim.apis.history import NO_CONTENT, History, called_tool, content_of, tools_of
from llmsim.apis.reading import (
    Path,
    filled_array,
    objects,
    optional_boolean,
    optional_object,
    optional_string,
    required_string,
    wrong_type,
)
from llmsim.apis.renderer import Call, Shape
from llmsim.apis.responses.echo import EchoTable, echo_of
from llmsim.conversation import PREVIOUS_RESPONSE, STAND_IN_ROLES, Conversation

_CALLS = ("function_call", "custom_tool_call")
_RESULTS = ("function_call_output", "custom_tool_call_output")
_INPUT_ELSEWHERE = ("previous_response_id", "prompt", "conversation")


def read_responses(body: dict[str, Any], table: EchoTable) -> Call:
    """The request in `body`, with what the answer echoes by `table`.

    Unknown fields, models, item, part and tool types pass.

    Raises:
        RequestError: a field is missing or wrong.
    """
    model = required_string(body, "model")
    conversation = _conversation(body)
    optional_object(body, "stream_options")
    echo = echo_of(body, table)
    return Call(
        conversation=conversation,
        model=model,
        stream=optional_boolean(body, "stream"),
        shape=_shape(body, conversation, echo),
        echo=echo,
    )


def _shape(body: dict[str, Any], conversation: Conversation, echo: dict[str, Any]) -> Shape:
    """What the answer has to include (`openai.types.responses.ResponseIncludable`).

    Reasoning also where the response is not stored: the client has to send it back itself.
    """
    include = body.get("include") or []
    if not isinstance(include, list):
        raise wrong_type("include", "an array of strings", include)
    return Shape(
        logprobs="message.output_text.logprobs" in include,
        alternatives=echo["top_logprobs"] > 0,
        encrypted_reasoning="reasoning.encrypted_content" in include or not echo["store"],
        custom_tools=custom_names(conversation),
    )


def _conversation(body: dict[str, Any]) -> Conversation:
    history = History()
    instructions = body.get("instructions")
    if isinstance(instructions, str):
        history.say("system", (instructions, 0))
    if isinstance(body.get("previous_response_id"), str):
        history.stand_in(PREVIOUS_RESPONSE, body["previous_response_id"])
    _add_input(history, body)
    return history.conversation(tools_of(body.get("tools"), "tools"))


def _add_input(history: History, body: dict[str, Any]) -> None:
    value = body.get("input")
    if value is None and any(body.get(name) is not None for name in _INPUT_ELSEWHERE):
        return
    value = filled_array(value, "input", "a string or an array of items")
    if isinstance(value, str):
        history.say("user", (value, 0))
        return
    if not isinstance(value, list):
        raise wrong_type("input", "a string or an array of items", value)
    for path, item in objects(value, "input"):
        _add_item(history, item, path)


def _add_item(history: History, item: dict[str, Any], path: Path) -> None:
    kind = optional_string(item, "type", path)
    if kind == "message" or (kind is None and not _is_reference(item)):
        role = required_string(item, "role", path)
        history.say(role, content_of(item.get("content"), (path, "content")), (), item.get("id"))
    elif kind in _CALLS:
        history.say("assistant", NO_CONTENT, (called_tool(item, path),), item.get("id"))
    elif kind in _RESULTS:
        history.result(item.get("call_id"), content_of(item.get("output"), (path, "output")))
    elif kind is None or kind in STAND_IN_ROLES:
        history.stand_in(kind or "item_reference", item.get("id"))


def _is_reference(item: dict[str, Any]) -> bool:
    """An `item_reference` may leave its type out; a message never has only an id.

    `ItemReferenceParam` of the OpenResponses specification.
    """
    return "id" in item and "role" not in item and "content" not in item
