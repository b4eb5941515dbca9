"""The events of a streamed response, in the order that both specifications give them.

See `openai.types.responses.ResponseStreamEvent` and OpenResponses.

Each kind of item opens, grows by deltas and closes before the next one opens, also where calls are
"parallel". The SDK's stream helper relies on the order: response created, item added, part added,
deltas, and the full output in the last event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmsim.apis.renderer import Call, Stamp
from llmsim.apis.responses.body import ended, failed, in_progress
from llmsim.apis.responses.items import output_items, output_text, refusal, summary
from llmsim.reply import Reply
from llmsim.sse import Event
from llmsim.tokens import pieces

Step = tuple[str, dict[str, Any]]
"""An event's type, and its fields but `type` and `sequence_number`."""


def response_events(reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
    """All events, numbered from 0, each named by its type."""
    return numbered(_steps(reply, call, stamp), 0)


def failed_steps(error: dict[str, Any], call: Call, stamp: Stamp) -> Iterator[Step]:
    """What ends a stream in which something goes wrong."""
    yield "error", {"error": error}
    yield "response.failed", {"response": failed(error, call, stamp)}


def numbered(steps: Iterable[Step], first: int) -> Iterator[Event]:
    """The events of these steps."""
    for number, (kind, fields) in enumerate(steps, first):
        content = kind.endswith(".delta") or _names_a_tool(fields.get("item", {}))
        yield Event({"type": kind, "sequence_number": number, **fields}, kind, content)


def _names_a_tool(item: dict[str, Any]) -> bool:
    """Whether an event is that of a call which begins."""
    return item.get("status") == "in_progress" and "name" in item


def _steps(reply: Reply, call: Call, stamp: Stamp) -> Iterator[Step]:
    started = in_progress(call, stamp)
    yield "response.created", {"response": started}
    yield "response.in_progress", {"response": started}
    for index, item in enumerate(output_items(reply, call.shape, stamp)):
        yield from _ITEM_STEPS[item["type"]](item, index)
        yield "response.output_item.done", {"output_index": index, "item": item}
    response = ended(reply, call, stamp)
    yield f"response.{response['status']}", {"response": response}


def _reasoning_steps(item: dict[str, Any], index: int) -> Iterator[Step]:
    """A reasoning item grows by its summary."""
    yield (
        "response.output_item.added",
        {"output_index": index, "item": {**item, "status": "in_progress", "summary": []}},
    )
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    part = item["summary"][0]
    yield "response.reasoning_summary_part.added", {**place, "part": summary("")}
    for piece in pieces(part["text"]):
        yield "response.reasoning_summary_text.delta", {**place, "delta": piece}
    yield "response.reasoning_summary_text.done", {**place, "text": part["text"]}
    yield "response.reasoning_summary_part.done", {**place, "part": part}


def _message_steps(item: dict[str, Any], index: int) -> Iterator[Step]:
    """A message has a content part for its text, and one for its refusal.

    An empty text has its part and no delta.
    """
    yield (
        "response.output_item.added",
        {"output_index": index, "item": {**item, "status": "in_progress", "content": []}},
    )
    for content_index, part in enumerate(item["content"]):
        place = {"item_id": item["id"], "output_index": index, "content_index": content_index}
        yield from (
            _text_steps(part, place)
            if part["type"] == "output_text"
            else _refusal_steps(part, place)
        )
        yield "response.content_part.done", {**place, "part": part}


def _text_steps(part: dict[str, Any], place: dict[str, Any]) -> Iterator[Step]:
    yield "response.content_part.added", {**place, "part": output_text("")}
    rated = part["logprobs"]  # one for each piece, or none
    for at, piece in enumerate(pieces(part["text"])):
        yield (
            "response.output_text.delta",
            {**place, "delta": piece, "logprobs": rated[at : at + 1]},
        )
    yield "response.output_text.done", {**place, "text": part["text"], "logprobs": rated}


def _refusal_steps(part: dict[str, Any], place: dict[str, Any]) -> Iterator[Step]:
    yield "response.content_part.added", {**place, "part": refusal("")}
    for piece in pieces(part["refusal"]):
        yield "response.refusal.delta", {**place, "delta": piece}
    yield "response.refusal.done", {**place, "refusal": part["refusal"]}


def _function_call_steps(item: dict[str, Any], index: int) -> Iterator[Step]:
    yield (
        "response.output_item.added",
        {"output_index": index, "item": {**item, "status": "in_progress", "arguments": ""}},
    )
    place = {"item_id": item["id"], "output_index": index}
    for piece in pieces(item["arguments"]):
        yield "response.function_call_arguments.delta", {**place, "delta": piece}
    yield (
        "response.function_call_arguments.done",
        {**place, "name": item["name"], "arguments": item["arguments"]},
    )


def _custom_tool_call_steps(item: dict[str, Any], index: int) -> Iterator[Step]:
    """`openai.types.responses.ResponseCustomToolCallInputDeltaEvent`, and the one that ends it."""
    yield (
        "response.output_item.added",
        {"output_index": index, "item": {**item, "status": "in_progress", "input": ""}},
    )
    place = {"item_id": item["id"], "output_index": index}
    for piece in pieces(item["input"]):
        yield "response.custom_tool_call_input.delta", {**place, "delta": piece}
    yield "response.custom_tool_call_input.done", {**place, "input": item["input"]}


_ITEM_STEPS = {
    "reasoning": _reasoning_steps,
    "message": _message_steps,
    "function_call": _function_call_steps,
    "custom_tool_call": _custom_tool_call_steps,
}
