"""What all requests say in much the same shape.

Message content, tools, and the history that they add up to.
"""

from __future__ import annotations

from typing import Any

from llmsim.apis.reading import Path, json_of, objects, wrong_type
from llmsim.conversation import (
    RESULT_ROLE,
    SYSTEM_ROLES,
    CalledTool,
    Conversation,
    Message,
    Tool,
)

# A tuple: membership compares and never hashes: a client may send a list where a word belongs.
_IMAGE_PARTS = ("image_url", "input_image", "image")


Content = tuple[str, int]
"""The content of a message: its text parts, one a line, and the number of its pictures.

Files and sound are left out.
"""

NO_CONTENT: Content = "", 0

_message = Message._make  # a history has hundreds, and this takes half of the time


def content_of(value: Any, path: Path) -> Content:
    """The content `value`: a string, an array of parts of any type, or nothing.

    Part types are those of `openai.types.chat.ChatCompletionContentPartParam`,
    `openai.types.responses.ResponseInputContent` and `anthropic.types.ContentBlockParam`; all put
    text under `text`, and OpenAI a refusal under `refusal`. A picture's data is never read.

    Raises:
        RequestError: it is something else, or a part is no object.
    """
    if isinstance(value, str):
        return value, 0
    if value is not None and not isinstance(value, list):
        raise wrong_type(path, "a string or an array of content parts", value)
    texts: list[str] = []
    images = 0
    for _, part in objects(value, path):
        text = part.get("text", part.get("refusal"))
        if isinstance(text, str):
            texts.append(text)
        elif part.get("type") in _IMAGE_PARTS:
            images += 1
    return "\n".join(texts), images


class History:
    """A request's messages, calls and tool results, collected in one pass over its body."""

    def __init__(self) -> None:
        self._system: list[str] = []
        self._messages: list[Message] = []

    def say(
        self,
        role: str,
        content: Content,
        calls: tuple[CalledTool, ...] = (),
        item_id: Any = None,
        speaker: Any = None,
    ) -> None:
        """Adds a message; what a system or developer message says is also system text."""
        text, images = content
        if role in SYSTEM_ROLES and text:
            self._system.append(text)
        name = item_id if isinstance(item_id, str) else ""
        by = speaker if isinstance(speaker, str) else ""
        self._messages.append(_message((role, text, calls, images, "", name, by)))

    def result(self, call_id: Any, content: Content) -> None:
        """Adds what a tool returned."""
        text, images = content
        self._messages.append(_message((RESULT_ROLE, text, (), images, _id_of(call_id), "", "")))

    def stand_in(self, kind: str, item_id: Any) -> None:
        """Adds an item that stands for something of the assistant's: a reference, a reasoning."""
        self._messages.append(Message(kind, "", item_id=_id_of(item_id)))

    def conversation(self, tools: tuple[Tool, ...], *, is_thread: bool = False) -> Conversation:
        """All of it, with the tools that the request offers; `is_thread` as there."""
        system, messages = "\n".join(self._system), tuple(self._messages)
        return Conversation(system, messages, tools, is_thread)


def tools_of(value: Any, where: Path) -> tuple[Tool, ...]:
    """The tools offered at `where`, of whatever type.

    One without a name goes by its type (`web_search`).

    Raises:
        RequestError: `value` is no array of objects.
    """
    return (
        ()
        if value is None
        else tuple(
            Tool(_name(tool, _described(tool)), json_of(tool, path), _kind(tool))
            for path, tool in objects(value, where)
        )
    )


def called_tool(call: dict[str, Any], path: Path) -> CalledTool:
    """A tool call of the history: function or custom, flat or nested under its type.

    Raises:
        RequestError: its arguments are no JSON text, and cannot be made one.
    """
    described = _described(call)
    arguments = described.get("arguments", described.get("input", ""))
    text = arguments if isinstance(arguments, str) else json_of(arguments, path)
    return CalledTool(_name(call, described), text, _id_of(call.get("call_id", call.get("id"))))


def _id_of(value: Any) -> str:
    """An id as a client sends it back, empty where it is none."""
    return value if isinstance(value, str) else ""


def _described(tool: dict[str, Any]) -> dict[str, Any]:
    """Where name and arguments stand.

    Chat nests them under the tool's type, Responses and the legacy `functions` do not.
    """
    inner = tool.get(_kind(tool))
    return inner if isinstance(inner, dict) else tool


def _kind(tool: dict[str, Any]) -> str:
    kind = tool.get("type")
    return kind if isinstance(kind, str) else "function"


def _name(tool: dict[str, Any], described: dict[str, Any]) -> str:
    name = described.get("name")
    return name if isinstance(name, str) else _kind(tool)
