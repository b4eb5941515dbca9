"""The response object and its output items.

One builder for OpenAI (`openai.types.responses.Response`) and OpenResponses (`ResponseResource`).
"""

from __future__ import annotations

from typing import Any

from llmsim.apis.renderer import Call, Stamp
from llmsim.reply import Reply, ToolCall
from llmsim.usage import Usage

_INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def ended(reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as it ends: completed, or incomplete for a reply that was cut short."""
    state = {
        "completed_at": stamp.created,
        "output": output_items(reply, stamp),
        "usage": _usage(stamp.usage),
    }
    reason = _INCOMPLETE_REASONS.get(reply.finish_reason)
    if reason is None:
        return _response(call, stamp, {"status": "completed", **state})
    return _response(
        call,
        stamp,
        {
            "status": "incomplete",
            **state,
            "completed_at": None,
            "incomplete_details": {"reason": reason},
        },
    )


def in_progress(call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as a stream starts with it."""
    return _response(
        call, stamp, {"status": "in_progress", "completed_at": None, "output": [], "usage": None}
    )


def output_items(reply: Reply, stamp: Stamp) -> list[dict[str, Any]]:
    """The reasoning, the message with its text or refusal, and one item for each call.

    The last is incomplete where the reply was cut short.
    """
    items = []
    if reply.reasoning is not None:
        items.append(_reasoning(stamp.id("rs"), reply.reasoning))
    parts = [output_text(reply.text)] if reply.text is not None else []
    parts += [refusal(reply.refusal)] if reply.refusal is not None else []
    if parts:
        items.append(_message(stamp.id("msg"), parts))
    items += [
        _function_call(f"{stamp.id('fc')}_{index}", call) for index, call in enumerate(reply.calls)
    ]
    if reply.finish_reason in _INCOMPLETE_REASONS:
        items[-1]["status"] = "incomplete"
    return items


def output_text(text: str) -> dict[str, Any]:
    """A content part: `openai.types.responses.ResponseOutputText`."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal(text: str) -> dict[str, Any]:
    """A content part: `openai.types.responses.ResponseOutputRefusal`."""
    return {"type": "refusal", "refusal": text}


def summary(text: str) -> dict[str, Any]:
    """A part of a reasoning item's summary."""
    return {"type": "summary_text", "text": text}


def _response(call: Call, stamp: Stamp, state: dict[str, Any]) -> dict[str, Any]:
    """All fields but `state` are the same from the first event of a stream to the last."""
    return {
        "id": stamp.id("resp"),
        "object": "response",
        "created_at": stamp.created,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": call.model,
        **state,
        **call.echo,
    }


def _reasoning(item_id: str, text: str) -> dict[str, Any]:
    """`openai.types.responses.ResponseReasoningItem`.

    What the model thought shows as a summary, as in the API's own answers.
    """
    return {"id": item_id, "type": "reasoning", "status": "completed", "summary": [summary(text)]}


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


def _usage(usage: Usage) -> dict[str, Any]:
    """`openai.types.responses.ResponseUsage`, which requires both details."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
