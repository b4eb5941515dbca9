"""Puts streams together again as a client would, without an SDK.

So they can be compared with the plain payload.
"""

from __future__ import annotations

import json
from typing import Any

_TOLD = ("content", "refusal", "reasoning_content")


def chat_completion(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The `ChatCompletion` that `chunks` add up to; `usage` only where the stream carried it."""
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for part in chunk["choices"]:
            choice = choices.setdefault(
                part["index"],
                {
                    "message": {**dict.fromkeys(_TOLD), "tool_calls": [], "function_call": None},
                    "logprobs": None,
                    "finish_reason": None,
                },
            )
            assert choice["finish_reason"] is None, "a chunk came after the finish chunk"
            _add_delta(choice["message"], part["delta"])
            choice["logprobs"] = _added_logprobs(choice["logprobs"], part["logprobs"])
            choice["finish_reason"] = part["finish_reason"]
    head = {
        name: chunks[0][name]
        for name in ("id", "created", "model", "service_tier", "system_fingerprint")
    }
    assert all(chunk[name] == value for chunk in chunks for name, value in head.items())
    return {**head, "choices": choices, "usage": chunks[-1].get("usage")}


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    if "role" in delta:
        assert "role" not in message, "the role came twice"
        message["role"] = delta["role"]
    for name in _TOLD:
        if delta.get(name) is not None:
            message[name] = (message[name] or "") + delta[name]
    for piece in delta.get("tool_calls", ()):
        if "id" in piece:
            assert piece["index"] == len(message["tool_calls"])
            kind = piece["type"]
            begun = {"id": piece["id"], "type": kind, kind: dict.fromkeys(piece[kind], "")}
            message["tool_calls"].append(begun)
        call = message["tool_calls"][piece["index"]]
        _grow_all(call[call["type"]], piece[call["type"]])
    if "function_call" in delta:
        message["function_call"] = message["function_call"] or {"name": "", "arguments": ""}
        _grow_all(message["function_call"], delta["function_call"])


def _grow_all(texts: dict[str, str], pieces: dict[str, str]) -> None:
    for name, piece in pieces.items():
        texts[name] += piece


def _added_logprobs(
    sum_so_far: dict[str, Any] | None, more: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The entries for content and refusal, each None or a list."""
    if sum_so_far is None or more is None:
        return sum_so_far or more
    joined = {name: (sum_so_far[name] or []) + (more[name] or []) for name in more}
    return {
        name: None if sum_so_far[name] is more[name] is None else entries
        for name, entries in joined.items()
    }


def response(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The response that the deltas between the first and the last event add up to.

    The first one's fields, the deltas' output.
    """
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1]["type"] == f"response.{events[-1]['response']['status']}"
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


def message(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The Anthropic message that the events add up to."""
    first, *others, before_last, last = events
    assert (first["type"], before_last["type"], last) == (
        "message_start",
        "message_delta",
        {"type": "message_stop"},
    )
    blocks: list[dict[str, Any]] = []
    is_open = False
    for event in others:
        if event["type"] == "ping":
            assert event == {"type": "ping"}
        elif event["type"] == "content_block_start":
            assert (event["index"], is_open) == (len(blocks), False)
            blocks.append({**event["content_block"], "partial_json": ""})
            is_open = True
        else:
            assert (event["index"], is_open) == (len(blocks) - 1, True)
            is_open = event["type"] != "content_block_stop"
            if is_open:
                assert event["type"] == "content_block_delta"
                _BLOCK_STEPS[event["delta"]["type"]](blocks[-1], event["delta"])
    assert not is_open
    content = [_ended_block(block) for block in blocks]
    usage = {**first["message"]["usage"], **before_last["usage"]}
    return {**first["message"], "content": content, **before_last["delta"], "usage": usage}


def _ended_block(block: dict[str, Any]) -> dict[str, Any]:
    partial_json = block.pop("partial_json")
    if block["type"] == "tool_use":
        assert block["input"] == {}
        block["input"] = json.loads(partial_json)
    return block


def _grow(name: str) -> Any:
    """A step that adds a delta's field to the field of the same name."""

    def step(block: dict[str, Any], delta: dict[str, Any]) -> None:
        assert set(delta) == {"type", name}
        block[name] += delta[name]

    return step


_BLOCK_STEPS = {
    "text_delta": _grow("text"),
    "thinking_delta": _grow("thinking"),
    "signature_delta": _grow("signature"),
    "input_json_delta": _grow("partial_json"),
}


def _open_part(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["content_index"] == len(item["content"])
    item["content"] = [*item["content"], {**event["part"]}]


def _add_text(item: dict[str, Any], event: dict[str, Any]) -> None:
    part = item["content"][event["content_index"]]
    part["text"] += event["delta"]
    part["logprobs"] = part["logprobs"] + event["logprobs"]


def _end_text(item: dict[str, Any], event: dict[str, Any]) -> None:
    part = item["content"][event["content_index"]]
    assert (event["text"], event["logprobs"]) == (part["text"], part["logprobs"])


def _add_refusal(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["content"][event["content_index"]]["refusal"] += event["delta"]


def _end_refusal(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["refusal"] == item["content"][event["content_index"]]["refusal"]


def _end_part(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["part"] == item["content"][event["content_index"]]


def _open_summary(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["summary_index"] == len(item["summary"])
    item["summary"] = [*item["summary"], {**event["part"]}]


def _add_summary(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["summary"][event["summary_index"]]["text"] += event["delta"]


def _end_summary_text(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["text"] == item["summary"][event["summary_index"]]["text"]


def _end_summary(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["part"] == item["summary"][event["summary_index"]]


def _add_arguments(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["arguments"] += event["delta"]


def _end_arguments(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert (event["name"], event["arguments"]) == (item["name"], item["arguments"])


def _add_input(item: dict[str, Any], event: dict[str, Any]) -> None:
    item["input"] += event["delta"]


def _end_input(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert event["input"] == item["input"]


def _end_item(item: dict[str, Any], event: dict[str, Any]) -> None:
    assert item["status"] == "in_progress"
    item["status"] = event["item"]["status"]
    assert event["item"] == item


_STEPS = {
    "response.content_part.added": _open_part,
    "response.output_text.delta": _add_text,
    "response.output_text.done": _end_text,
    "response.refusal.delta": _add_refusal,
    "response.refusal.done": _end_refusal,
    "response.content_part.done": _end_part,
    "response.reasoning_summary_part.added": _open_summary,
    "response.reasoning_summary_text.delta": _add_summary,
    "response.reasoning_summary_text.done": _end_summary_text,
    "response.reasoning_summary_part.done": _end_summary,
    "response.function_call_arguments.delta": _add_arguments,
    "response.function_call_arguments.done": _end_arguments,
    "response.custom_tool_call_input.delta": _add_input,
    "response.custom_tool_call_input.done": _end_input,
    "response.output_item.done": _end_item,
}
