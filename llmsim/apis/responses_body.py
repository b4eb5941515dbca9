"""The response object and its output items: one builder for OpenAI (`openai.types.responses.Response`) and OpenResponses (`ResponseResource`)."""

from __future__ import annotations

from typing import Any

from llmsim.apis.renderer import Call, Stamp
from llmsim.reply import Reply, ToolCall
from llmsim.usage import Usage


def completed(reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as it ends."""
    state = {"status": "completed", "completed_at": stamp.created, "output": output_items(reply, stamp), "usage": _usage(stamp.usage)}
    return _response(call, stamp, state)


def in_progress(call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as a stream starts with it."""
    return _response(call, stamp, {"status": "in_progress", "completed_at": None, "output": [], "usage": None})


def output_items(reply: Reply, stamp: Stamp) -> list[dict[str, Any]]:
    """The message, if the reply has a text, and then one item for each call."""
    serial = _serial(stamp)
    items = [] if reply.text is None else [_message(f"msg_llmsim_{serial}", reply.text)]
    return items + [_function_call(f"fc_llmsim_{serial}_{index}", call) for index, call in enumerate(reply.calls)]


def output_text(text: str) -> dict[str, Any]:
    """A content part: `openai.types.responses.ResponseOutputText`."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _response(call: Call, stamp: Stamp, state: dict[str, Any]) -> dict[str, Any]:
    """All fields but `state` are the same from the first event of a stream to the last."""
    return {
        "id": f"resp_llmsim_{_serial(stamp)}",
        "object": "response",
        "created_at": stamp.created,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": call.model,
        **state,
        **call.echo,
    }


def _serial(stamp: Stamp) -> str:
    return f"{stamp.generation}_{stamp.position}"


def _message(item_id: str, text: str) -> dict[str, Any]:
    return {"id": item_id, "type": "message", "status": "completed", "role": "assistant", "content": [output_text(text)]}


def _function_call(item_id: str, call: ToolCall) -> dict[str, Any]:
    return {
        "id": item_id,
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments_json,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    """`openai.types.responses.ResponseUsage`, which requires both details."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total,
    }
