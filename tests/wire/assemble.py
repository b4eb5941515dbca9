"""Puts streams together again as a client would, without an SDK, so that they can be compared with the plain payload."""

from __future__ import annotations

from typing import Any


def chat_completion(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The `ChatCompletion` that `chunks` add up to; `usage` only where the stream carried it."""
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for part in chunk["choices"]:
            choice = choices.setdefault(part["index"], {"message": {"content": None, "calls": []}, "finish_reason": None})
            assert choice["finish_reason"] is None, "a chunk came after the finish chunk"
            _add_delta(choice["message"], part["delta"])
            choice["finish_reason"] = part["finish_reason"]
    head = {name: chunks[0][name] for name in ("id", "created", "model", "service_tier", "system_fingerprint")}
    assert all(chunk[name] == value for chunk in chunks for name, value in head.items())
    return {**head, "choices": choices, "usage": chunks[-1].get("usage")}


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    if "role" in delta:
        assert "role" not in message, "the role came twice"
        message["role"] = delta["role"]
    if delta.get("content") is not None:
        message["content"] = (message["content"] or "") + delta["content"]
    for piece in delta.get("tool_calls", ()):
        if "id" in piece:
            assert piece["index"] == len(message["calls"])
            message["calls"].append({"id": piece["id"], "name": piece["function"]["name"], "arguments": ""})
        message["calls"][piece["index"]]["arguments"] += piece["function"]["arguments"]


def response(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The response that the deltas between the first and the last event add up to: the first one's fields, the deltas' output."""
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1]["type"] == "response.completed"
    items: list[dict[str, Any]] = []
    for event in events[2:-1]:
        if event["type"] == "response.output_item.added":
            assert event["output_index"] == len(items)
            items.append({**event["item"]})
            continue
        item = items[event["output_index"]]
        assert event.get("item_id", item["id"]) == item["id"]
        _STEPS[event["type"]](item, event)
    return {**events[0]["response"], "output": items}


def _open_part(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["content_index"] == len(item["content"])
    item["content"] = [*item["content"], {**event["part"]}]


def _add_text(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["content"][event["content_index"]]["text"] += event["delta"]


def _end_text(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["text"] == item["content"][event["content_index"]]["text"]


def _end_part(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["part"] == item["content"][event["content_index"]]


def _add_arguments(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["arguments"] += event["delta"]


def _end_arguments(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert (event["name"], event["arguments"]) == (item["name"], item["arguments"])


def _end_item(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert item["status"] == "in_progress"
    item["status"] = event["item"]["status"]
    assert event["item"] == item


_STEPS = {
    "response.content_part.added": _open_part,
    "response.output_text.delta": _add_text,
    "response.output_text.done": _end_text,
    "response.content_part.done": _end_part,
    "response.function_call_arguments.delta": _add_arguments,
    "response.function_call_arguments.done": _end_arguments,
    "response.output_item.done": _end_item,
}
