"""OpenAI Chat Completions.

`openai.types.chat.ChatCompletion` and its stream of `openai.types.chat.ChatCompletionChunk`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmsim.apis.chat.request import read_chat
from llmsim.apis.openai_errors import OpenAIRenderer
from llmsim.apis.renderer import Call, Stamp
from llmsim.reply import Reply, ToolCall
from llmsim.sse import DONE, Event
from llmsim.tokens import pieces

Json = dict[str, Any]
Delta = tuple[Json, str | None]
"""A chunk's `delta` and its `finish_reason`."""


class ChatRenderer(OpenAIRenderer):
    """`/chat/completions`. A turn stands in all `n` choices alike."""

    name = "chat"

    def read(self, body: dict[str, Any]) -> Call:
        """The request, validated."""
        return read_chat(body)

    def payload(self, reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
        """A `ChatCompletion`."""
        choice = {
            "message": _message(reply),
            "logprobs": None,
            "finish_reason": reply.finish_reason,
        }
        choices = [{"index": index, **choice} for index in range(call.shape.choices)]
        return {
            **_head("chat.completion", call, stamp),
            "choices": choices,
            "usage": _usage(call, stamp),
        }

    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        """`ChatCompletionChunk` events, one choice after the other.

        The usage follows if it was asked for, then `[DONE]`.
        """
        head = _head("chat.completion.chunk", call, stamp)
        tail = {"usage": None} if call.shape.include_usage else {}
        for index in range(call.shape.choices):
            for delta, finish_reason in _deltas(reply):
                choice = {
                    "index": index,
                    "delta": delta,
                    "logprobs": None,
                    "finish_reason": finish_reason,
                }
                yield Event({**head, "choices": [choice], **tail})
        if call.shape.include_usage:
            yield Event({**head, "choices": [], "usage": _usage(call, stamp)})
        yield DONE


def _head(kind: str, call: Call, stamp: Stamp) -> dict[str, Any]:
    return {
        "id": stamp.id("chatcmpl", "-"),
        "object": kind,
        "created": stamp.created,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_llmsim",
    }


def _message(reply: Reply) -> dict[str, Any]:
    """A `ChatCompletionMessage`.

    `tool_calls` and `reasoning_content` are there only with something in them, as in the APIs' own
    answers.

    `reasoning_content` is no part of OpenAI's API: DeepSeek, vLLM and others send it so, and agent
    frameworks read it.
    """
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text,
        "refusal": reply.refusal,
        "annotations": [],
    }
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [_tool_call(call, call.arguments_json) for call in reply.calls]
    return message


def _tool_call(call: ToolCall, arguments: str) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _deltas(reply: Reply) -> Iterator[Delta]:
    """One choice. Role, call ids and names come once each.

    Clients join what they get twice ("assistantassistant").
    """
    first: Json = {
        "role": "assistant",
        "content": None if reply.text is None else "",
        "refusal": None if reply.refusal is None else "",
    }
    yield first if reply.reasoning is None else {**first, "reasoning_content": ""}, None
    for key, text in (
        ("reasoning_content", reply.reasoning),
        ("content", reply.text),
        ("refusal", reply.refusal),
    ):
        for piece in pieces(text or ""):
            yield {key: piece}, None
    for index, call in enumerate(reply.calls):
        yield {"tool_calls": [{"index": index, **_tool_call(call, "")}]}, None
        for piece in pieces(call.arguments_json):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, reply.finish_reason


def _usage(call: Call, stamp: Stamp) -> dict[str, Any]:
    """`openai.types.CompletionUsage`: the prompt is counted once, the completion in each choice."""
    usage = stamp.usage.times(call.shape.choices)
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
