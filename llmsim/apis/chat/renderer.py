"""OpenAI Chat Completions.

`openai.types.chat.ChatCompletion` and its stream of `openai.types.chat.ChatCompletionChunk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmsim.apis.answer_schema import schema_in
from llmsim.apis.chat.message import (
    delta_logprobs,
    deltas,
    finish_reason,
    in_choice,
    message,
    message_logprobs,
)
from llmsim.apis.chat.protocol import violations
from llmsim.apis.chat.request import read_chat
from llmsim.apis.openai_errors import OpenAIRenderer
from llmsim.apis.protocol import Earlier, Violation
from llmsim.apis.renderer import Call, Shape, Stamp
from llmsim.conversation import Request
from llmsim.made_ids import Marks
from llmsim.reply import Reply
from llmsim.sse import DONE, Event


class ChatRenderer(OpenAIRenderer):
    """`/chat/completions`. A turn stands in all `n` choices alike, but for the ids of its calls."""

    name = "chat"

    def read(self, body: dict[str, Any]) -> Call:
        """The request, validated."""
        return read_chat(body)

    def answer_schema(self, body: Mapping[str, Any]) -> Any:
        """See `Renderer.answer_schema`."""
        return schema_in(body.get("response_format"))

    def violations(self, request: Request, earlier: Earlier) -> Sequence[Violation]:  # noqa: ARG002
        """See `Renderer.violations`."""
        return violations(request)

    def sent_back(self, reply: Reply, shape: Shape, marks: Marks) -> str | None:
        """See `Renderer.sent_back`; a `function_call` has no id."""
        return None if shape.legacy_functions else super().sent_back(reply, shape, marks)

    def payload(self, reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
        """A `ChatCompletion`."""
        choices = [
            _choice(in_choice(reply, at), call.shape, at) for at in range(call.shape.choices)
        ]
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
            for delta, reason, content in deltas(in_choice(reply, index), call.shape):
                choice = {
                    "index": index,
                    "delta": delta,
                    "logprobs": delta_logprobs(delta, call.shape),
                    "finish_reason": reason,
                }
                yield Event({**head, "choices": [choice], **tail}, content=content)
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


def _choice(reply: Reply, shape: Shape, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "message": message(reply, shape),
        "logprobs": message_logprobs(reply, shape),
        "finish_reason": finish_reason(reply, shape),
    }


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
