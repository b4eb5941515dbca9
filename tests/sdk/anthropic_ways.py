"""The ways to ask the anthropic SDK for a message.

Plain, streamed and through its stream helper, by the sync and the async client.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message

from tests.sdk.said import Called, Said, joined
from tests.sdk.scripted import CLAUDE


def request_of(history: list[Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments of `messages.create`; the tools are as OpenAI describes a function."""
    described = [{"name": tool["name"], "input_schema": tool["parameters"]} for tool in tools]
    return {"model": CLAUDE, "max_tokens": 1000, "messages": history, "tools": described}


def said_in(message: Any) -> Said:
    """What a message says. A thinking block without a signature could not go back in a history."""
    assert (message.type, message.role, message.stop_sequence) == ("message", "assistant", None)
    thinking = [block for block in message.content if block.type == "thinking"]
    assert all(block.signature for block in thinking)
    calls = [
        Called(block.id, block.name, block.input)
        for block in message.content
        if block.type == "tool_use"
    ]
    return Said(
        message.id,
        joined([block.text for block in message.content if block.type == "text"]),
        calls,
        message.stop_reason,
        [{"role": "assistant", "content": message.content}],
        joined([block.thinking for block in thinking]),
        usage=(
            message.usage.input_tokens,
            message.usage.output_tokens,
            message.usage.cache_read_input_tokens,
        ),
    )


_GROWS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


def _of_events(events: Iterable[Any]) -> Said:
    """A stream put together by hand.

    A message begins empty, and one block after the other begins empty, grows and stops.
    """
    first, *blocks, delta, last = events
    assert (first.type, delta.type, last.type) == ("message_start", "message_delta", "message_stop")
    message = first.message.to_dict()
    assert (message["content"], message["stop_reason"]) == ([], None)
    inputs: list[str] = []
    for event in blocks:
        if event.type == "content_block_start":
            assert event.index == len(message["content"])
            message["content"].append(event.content_block.to_dict())
            inputs.append("")
            continue
        assert event.index == len(message["content"]) - 1
        if event.type == "content_block_stop":
            if inputs[-1]:
                message["content"][-1]["input"] = json.loads(inputs[-1])
        elif event.delta.type == "input_json_delta":
            inputs[-1] += event.delta.partial_json
        else:
            key = _GROWS[event.delta.type]
            message["content"][-1][key] += getattr(event.delta, key)
    usage = message["usage"] | delta.usage.to_dict()
    return said_in(Message.model_validate(message | delta.delta.to_dict() | {"usage": usage}))


def plain(client: Anthropic, request: dict[str, Any]) -> Said:
    return said_in(client.messages.create(**request))


def streamed(client: Anthropic, request: dict[str, Any]) -> Said:
    return _of_events(client.messages.create(**request, stream=True))


def helped(client: Anthropic, request: dict[str, Any]) -> Said:
    with client.messages.stream(**request) as stream:
        texts = list(stream.text_stream)
        said = said_in(stream.get_final_message())
    assert joined(texts) == said.text
    return said


async def plain_async(client: AsyncAnthropic, request: dict[str, Any]) -> Said:
    return said_in(await client.messages.create(**request))


async def streamed_async(client: AsyncAnthropic, request: dict[str, Any]) -> Said:
    return _of_events(
        [event async for event in await client.messages.create(**request, stream=True)]
    )


async def helped_async(client: AsyncAnthropic, request: dict[str, Any]) -> Said:
    async with client.messages.stream(**request) as stream:
        texts = [text async for text in stream.text_stream]
        said = said_in(await stream.get_final_message())
    assert joined(texts) == said.text
    return said
