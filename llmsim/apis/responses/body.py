"""The response object.

One builder for OpenAI (`openai.types.responses.Response`) and OpenResponses (`ResponseResource`).
"""

from __future__ import annotations

from typing import Any

from llmsim.apis.renderer import Call, Stamp
from llmsim.apis.responses.items import INCOMPLETE_REASONS, output_items
from llmsim.reply import Reply
from llmsim.usage import Usage


def ended(reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as it ends: completed, or incomplete for a reply that was cut short."""
    state = {
        "completed_at": stamp.created,
        "output": output_items(reply, call.shape, stamp),
        "usage": _usage(stamp.usage),
    }
    reason = INCOMPLETE_REASONS.get(reply.finish_reason)
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


def failed(error: dict[str, Any], call: Call, stamp: Stamp) -> dict[str, Any]:
    """The response as a stream ends with it that an error breaks off.

    `openai.types.responses.ResponseError` has a few codes, of which this is the general one.
    """
    said = {"code": "server_error", "message": error["message"]}
    body = _response(
        call, stamp, {"status": "failed", "completed_at": None, "output": [], "usage": None}
    )
    return body | {"error": said}


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


def _usage(usage: Usage) -> dict[str, Any]:
    """`openai.types.responses.ResponseUsage`, which requires both details."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
