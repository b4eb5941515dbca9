"""How clients put an answer into their history: each of the ways that were found in real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Append = Callable[[Json], list[Any]]
"""From the payload of an answer to the elements that the client adds, results included."""


def _loaded_again(arguments: str) -> str:
    return json.dumps(json.loads(arguments))


def _chat(change: Callable[[Json], Json]) -> Append:
    def append(payload: Json) -> list[Any]:
        message = payload["choices"][0]["message"]
        calls = message.get("tool_calls", [])
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
        return [change(message), *results]

    return append


def _text_dropped_beside_calls(message: Json) -> Json:
    return message | {"content": None} if "tool_calls" in message else message


def _stripped(message: Json) -> Json:
    return message | {"content": (message["content"] or "").strip()}


def _absent_content(message: Json) -> Json:
    if message["content"] is not None:
        return message
    return {key: value for key, value in message.items() if key != "content"}


def _text_of_its_own(message: Json) -> Json:
    return message | {"content": message["content"] or "[System: the message was empty]"}


def _arguments_written_anew(message: Json) -> Json:
    if "tool_calls" not in message:
        return message
    calls = [
        call
        | {
            "function": call["function"]
            | {"arguments": _loaded_again(call["function"]["arguments"])}
        }
        for call in message["tool_calls"]
    ]
    return message | {"tool_calls": calls}


def _as_text(payload: Json) -> list[Any]:
    message = payload["choices"][0]["message"]
    calls = message.get("tool_calls")
    if not calls:
        return [{"role": "assistant", "content": message["content"]}]
    said = f"{message['content'] or ''}\nCalling tools:\n{calls}"
    return [
        {"role": "assistant", "content": said},
        {"role": "user", "content": "Observation:\nok"},
    ]


def _responses(change: Callable[[Json], Json | None]) -> Append:
    def append(payload: Json) -> list[Any]:
        items = payload["output"]
        calls = [item for item in items if item["type"] == "function_call"]
        results = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": "ok"}
            for call in calls
        ]
        kept = [changed for item in items if (changed := change(item)) is not None]
        return [*kept, *results]

    return append


def _without_ids(item: Json) -> Json:
    return {key: value for key, value in item.items() if key != "id"}


def _as_pointer(item: Json) -> Json:
    return {"type": "item_reference", "id": item["id"]} if item["type"] == "message" else item


def _without_reasoning(item: Json) -> Json | None:
    return None if item["type"] == "reasoning" else item


def _easy_messages(item: Json) -> Json:
    if item["type"] != "message":
        return item
    return {"role": "assistant", "content": item["content"][0]["text"]}


def _in_pairs(payload: Json) -> list[Any]:
    """Each call with its result before the next."""
    found: list[Any] = []
    for item in payload["output"]:
        found.append(item)
        if item["type"] == "function_call":
            found.append(
                {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}
            )
    return found


def _messages(as_list: bool) -> Append:
    def append(payload: Json) -> list[Any]:
        found: list[Any] = [{"role": "assistant", "content": payload["content"]}]
        uses = [block["id"] for block in payload["content"] if block["type"] == "tool_use"]
        content: Any = [{"type": "text", "text": "ok"}] if as_list else "ok"
        results = [{"type": "tool_result", "tool_use_id": use, "content": content} for use in uses]
        return [*found, {"role": "user", "content": results}] if results else found

    return append


WAYS: Mapping[str, list[tuple[str, Append]]] = {
    "chat": [
        ("as it came", _chat(lambda message: message)),
        ("text dropped beside calls", _chat(_text_dropped_beside_calls)),
        ("stripped", _chat(_stripped)),
        ("content absent", _chat(_absent_content)),
        ("a text of its own", _chat(_text_of_its_own)),
        ("arguments written anew", _chat(_arguments_written_anew)),
        ("calls as text", _as_text),
    ],
    "responses": [
        ("as it came", _responses(lambda item: item)),
        ("without ids", _responses(_without_ids)),
        ("pointers", _responses(_as_pointer)),
        ("without reasoning", _responses(_without_reasoning)),
        ("easy messages", _responses(_easy_messages)),
        ("calls and results in pairs", _in_pairs),
    ],
    "anthropic": [("as it came", _messages(as_list=False)), ("lists", _messages(as_list=True))],
}
