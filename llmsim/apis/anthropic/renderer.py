"""Anthropic Messages.

`anthropic.types.Message` and its stream of `anthropic.types.RawMessageStreamEvent`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmsim.apis.answer_schema import format_in, schema_in
from llmsim.apis.anthropic.errors import AnthropicErrors
from llmsim.apis.anthropic.protocol import violations
from llmsim.apis.anthropic.request import read_messages
from llmsim.apis.protocol import Earlier, Violation
from llmsim.apis.renderer import Call, Stamp
from llmsim.conversation import Request
from llmsim.json_text import compact
from llmsim.reply import Block, Reasoning, Reply, ToolCall
from llmsim.sse import Event
from llmsim.tokens import pieces
from llmsim.usage import Usage

# By a reply's finish reason; a refusal ends with the last one, too.
_STOP_REASONS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
# `anthropic.types.RefusalStopDetails`; a script names no policy, and says why in the text.
_REFUSAL_DETAILS = {"type": "refusal", "category": None, "explanation": None}
_PING = Event({"type": "ping"}, "ping")
_SIGNATURE = "llmsim"  # opaque to clients, which send it back


class AnthropicRenderer(AnthropicErrors):
    """`/messages`."""

    name = "anthropic"

    def read(self, body: dict[str, Any]) -> Call:
        """The request, validated."""
        return read_messages(body)

    def answer_schema(self, body: Mapping[str, Any]) -> Any:
        """See `Renderer.answer_schema`."""
        return schema_in(format_in(body.get("output_config")))

    def violations(self, request: Request, earlier: Earlier) -> Sequence[Violation]:  # noqa: ARG002
        """See `Renderer.violations`."""
        return violations(request)

    def payload(self, reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
        """A `Message`."""
        return {
            **_head(call, stamp),
            "content": _content(reply),
            **_stop(reply),
            "usage": _usage(stamp.usage),
        }

    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        """From `message_start` to `message_stop`.

        A ping after the first block has begun, as the API sends it.
        """
        started = {
            **_head(call, stamp),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _usage(_begun(stamp.usage)),
        }
        yield _event("message_start", message=started)
        for index, block in enumerate(_content(reply)):
            begun = {**block, **_EMPTY[block["type"]]}
            names_a_tool = block["type"] == "tool_use"
            yield _event("content_block_start", names_a_tool, index=index, content_block=begun)
            if index == 0:
                yield _PING
            for delta in _DELTAS[block["type"]](block):
                yield _event(
                    "content_block_delta", _brings_a_piece(delta), index=index, delta=delta
                )
            yield _event("content_block_stop", index=index)
        yield _event("message_delta", delta=_stop(reply), usage=_usage_at_end(stamp.usage))
        yield _event("message_stop")


def _event(kind: str, content: bool = False, **fields: Any) -> Event:
    """Clients drop a frame whose `event:` line is missing."""
    return Event({"type": kind, **fields}, kind, content)


def _brings_a_piece(delta: dict[str, Any]) -> bool:
    """Whether the model has said something more: not so with a signature, or an empty piece."""
    return "signature" not in delta and bool(delta.get("partial_json", True))


def _head(call: Call, stamp: Stamp) -> dict[str, Any]:
    return {
        "id": stamp.id("msg"),
        "type": "message",
        "role": "assistant",
        "model": call.model,
    }


def _stop(reply: Reply) -> dict[str, Any]:
    reason = (
        "content_filter"
        if reply.refusal is not None and reply.finish is None
        else reply.finish_reason
    )
    stop: dict[str, Any] = {"stop_reason": _STOP_REASONS[reason], "stop_sequence": None}
    if stop["stop_reason"] == "refusal":
        stop["stop_details"] = _REFUSAL_DETAILS
    return stop


def _content(reply: Reply) -> list[dict[str, Any]]:
    """The blocks; an empty text is none, as the API would have it."""
    return [_block(block) for block in reply.blocks if isinstance(block, ToolCall) or block.text]


def _block(block: Block) -> dict[str, Any]:
    """`anthropic.types.ContentBlock`. A tool's input must be an object there.

    Arguments that are none go under `value`; those that are no JSON are a string.
    """
    if isinstance(block, ToolCall):
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": _input(block)}
    if isinstance(block, Reasoning):
        return {"type": "thinking", "thinking": block.text, "signature": _SIGNATURE}
    return {"type": "text", "text": block.text}


def _input(call: ToolCall) -> Any:
    if isinstance(call.arguments, dict) or not call.is_json:
        return call.arguments
    return {"value": call.arguments}


_EMPTY: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}


def _text_deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for piece in pieces(block["text"]):
        yield {"type": "text_delta", "text": piece}


def _thinking_deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for piece in pieces(block["thinking"]):
        yield {"type": "thinking_delta", "thinking": piece}
    yield {"type": "signature_delta", "signature": block["signature"]}


def _input_deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An empty piece comes first, as the API sends it."""
    yield {"type": "input_json_delta", "partial_json": ""}
    given = block["input"]
    for piece in pieces(given if isinstance(given, str) else compact(given)):
        yield {"type": "input_json_delta", "partial_json": piece}


_DELTAS = {"text": _text_deltas, "thinking": _thinking_deltas, "tool_use": _input_deltas}


def _usage(usage: Usage) -> dict[str, Any]:
    """`anthropic.types.Usage`.

    `input_tokens` leaves out those that came from a cache, `output_tokens` counts the thinking.
    """
    return {
        "input_tokens": usage.uncached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    }


def _begun(usage: Usage) -> Usage:
    """The usage as a stream starts with it: one token is out, or none where none will come.

    Clients that take the larger of two counts would else count one too many.
    """
    return usage._replace(completion=min(usage.completion, 1), reasoning=0)


def _usage_at_end(usage: Usage) -> dict[str, Any]:
    """`anthropic.types.MessageDeltaUsage`."""
    return {
        name: count
        for name, count in _usage(usage).items()
        if name not in ("cache_creation", "service_tier")
    }
