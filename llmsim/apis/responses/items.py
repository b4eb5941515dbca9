"""The output items of a response, and their parts.

`openai.types.responses.ResponseOutputItem`, and `ItemField` of OpenResponses, which has no custom
tool calls: a client that offers custom tools there knows them all the same.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b
from typing import Any

from llmsim.apis.custom_tools import custom_input
from llmsim.apis.logprobs import logprobs
from llmsim.apis.renderer import Shape, Stamp
from llmsim.made_ids import made_item_id
from llmsim.reply import Reply, ToolCall
from llmsim.tokens import pieces

INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def output_items(reply: Reply, shape: Shape, stamp: Stamp) -> list[dict[str, Any]]:
    """The reasoning, the message with its text or refusal, and one item for each call.

    The last is incomplete where the reply was cut short.
    """
    items = []
    if reply.reasoning is not None:
        items.append(_reasoning(stamp.id("rs"), reply.reasoning, shape))
    parts = [_rated_text(reply.text, shape)] if reply.text is not None else []
    parts += [refusal(reply.refusal)] if reply.refusal is not None else []
    if parts:
        items.append(_message(stamp.id("msg"), parts))
    for index, call in enumerate(reply.calls):
        kind = id_kind(call, shape)
        items.append(_ITEMS[kind](made_item_id(kind, stamp.marks, index), call))
    if reply.finish_reason in INCOMPLETE_REASONS:
        items[-1]["status"] = "incomplete"
    return items


def id_kind(call: ToolCall, shape: Shape) -> str:
    """What the id of a call's item begins with."""
    return "ctc" if call.name in shape.custom_tools else "fc"


def output_text(text: str) -> dict[str, Any]:
    """A content part: `openai.types.responses.ResponseOutputText`."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal(text: str) -> dict[str, Any]:
    """A content part: `openai.types.responses.ResponseOutputRefusal`."""
    return {"type": "refusal", "refusal": text}


def summary(text: str) -> dict[str, Any]:
    """A part of a reasoning item's summary."""
    return {"type": "summary_text", "text": text}


def _rated_text(text: str, shape: Shape) -> dict[str, Any]:
    """The text, with the log probabilities of its pieces where they were asked for."""
    part = output_text(text)
    if shape.logprobs:
        part["logprobs"] = logprobs(pieces(text), alternatives=shape.alternatives)
    return part


def _reasoning(item_id: str, text: str, shape: Shape) -> dict[str, Any]:
    """`openai.types.responses.ResponseReasoningItem`.

    What the model thought shows as a summary, as in the API's own answers.
    """
    item = {"id": item_id, "type": "reasoning", "status": "completed", "summary": [summary(text)]}
    if shape.encrypted_reasoning:
        item["encrypted_content"] = _sealed(text)
    return item


def _sealed(text: str) -> str:
    """What a client cannot read and sends back as it is; the same for the same thought."""
    return b64encode(blake2b(text.encode("utf-8", "surrogatepass")).digest()).decode("ascii")


def _message(item_id: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": parts,
    }


def _function_call(item_id: str, call: ToolCall) -> dict[str, Any]:
    return {
        "id": item_id,
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments_json,
    }


def _custom_tool_call(item_id: str, call: ToolCall) -> dict[str, Any]:
    """`openai.types.responses.ResponseCustomToolCall`; the API sends a status as well."""
    return {
        "id": item_id,
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "input": custom_input(call),
    }


_ITEMS = {"fc": _function_call, "ctc": _custom_tool_call}
