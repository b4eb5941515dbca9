"""The ways to ask the openai SDK for an answer: each API plain, streamed and through its stream helper, by the sync and the async client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from openai import AsyncOpenAI, OpenAI

BASES = {"chat": ("/openai/v1", "/v1"), "responses": ("/openai/v1", "/v1", "/openresponses/v1")}


class Called(NamedTuple):
    """A tool call, its arguments read."""

    id: str
    name: str
    arguments: Any


class Said(NamedTuple):
    """An answer: `items` are what the history gets of it."""

    id: str
    text: str | None
    calls: list[Called]
    ended: str | None
    items: list[Any]


Ask = Callable[[list[Any]], Said]


@dataclass(frozen=True)
class Way:
    """How to ask, and at which base URL."""

    base: str
    api: str
    how: str
    client: str

    def __str__(self) -> str:
        return f"{self.client}-{self.api}-{self.how}-{self.base.strip('/').replace('/', '-')}"

    @contextmanager
    def open(self, origin: str, **options: Any) -> Iterator[Ask]:
        """A function that asks with a history; the client is closed at the end."""
        options = {"base_url": origin + self.base, "api_key": "unused"} | options
        if self.client == "sync":
            with OpenAI(**options) as client:
                yield lambda history: _SYNC[self.api, self.how](client, _request(self.api, history))
            return
        with asyncio.Runner() as runner:
            async_client = AsyncOpenAI(**options)
            yield lambda history: runner.run(_ASYNC[self.api, self.how](async_client, _request(self.api, history)))
            runner.run(async_client.close())


WAYS = [
    Way(base, api, how, client)
    for client in ("sync", "async")
    for api, bases in BASES.items()
    for base in bases
    for how in ("plain", "streamed", "helper")
    if base != "/v1" or (client, how) == ("sync", "plain")  # the same routes as /openai/v1
]


def tool_result(api: str, call: Called, output: str) -> dict[str, Any]:
    """What a tool returned, as the API's history has it."""
    if api == "chat":
        return {"role": "tool", "tool_call_id": call.id, "content": output}
    return {"type": "function_call_output", "call_id": call.id, "output": output}


def _tool(name: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return {"name": name, "parameters": schema, "strict": True}


_TOOLS = [
    _tool("read_file", path={"type": "string"}),
    _tool("write_file", path={"type": "string"}, lines={"type": "array", "items": {"type": "string"}}),
]


def _request(api: str, history: list[Any]) -> dict[str, Any]:
    if api == "chat":
        return {"model": "gpt-5", "messages": history, "tools": [{"type": "function", "function": tool} for tool in _TOOLS]}
    return {"model": "gpt-5", "input": history, "tools": [{"type": "function", **tool} for tool in _TOOLS]}


def _of_completion(completion: Any) -> Said:
    (choice,) = completion.choices
    calls = [Called(call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()]
    return Said(completion.id, choice.message.content, calls, choice.finish_reason, [choice.message])


def _of_chunks(chunks: Iterable[Any]) -> Said:
    """A stream put together by hand: one chunk opens a call, and those after it only add to its arguments."""
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    ids: set[str] = set()
    ended = None
    for chunk in chunks:
        (choice,) = chunk.choices
        assert ended is None, "a chunk after the finish reason"
        ids.add(chunk.id)
        ended = choice.finish_reason
        texts += [] if choice.delta.content is None else [choice.delta.content]
        for call in choice.delta.tool_calls or ():
            if call.id:
                assert call.index == len(calls)
                calls.append({"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": ""}})
            assert call.index == len(calls) - 1
            calls[-1]["function"]["arguments"] += call.function.arguments
    (completion_id,) = ids
    text = "".join(texts) if texts else None
    message = {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
    called = [Called(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls]
    return Said(completion_id, text, called, ended, [message])


def _of_response(response: Any) -> Said:
    texts = [part.text for item in response.output if item.type == "message" for part in item.content]
    calls = [Called(item.call_id, item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]
    return Said(response.id, "".join(texts) if texts else None, calls, response.status, list(response.output))


def _of_events(events: Iterable[Any]) -> Said:
    """The response that the last event completes, which the deltas before it must add up to."""
    events = list(events)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    response = events[-1].response
    assert response.id == events[0].response.id
    said = _of_response(response)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == (said.text or "")
    deltas = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
    assert deltas == "".join(item.arguments for item in response.output if item.type == "function_call")
    return said


def _plain_chat(client: OpenAI, request: dict[str, Any]) -> Said:
    return _of_completion(client.chat.completions.create(**request))


def _streamed_chat(client: OpenAI, request: dict[str, Any]) -> Said:
    return _of_chunks(client.chat.completions.create(**request, stream=True))


def _helped_chat(client: OpenAI, request: dict[str, Any]) -> Said:
    with client.chat.completions.stream(**request) as stream:
        return _of_completion(stream.get_final_completion())


def _plain_response(client: OpenAI, request: dict[str, Any]) -> Said:
    return _of_response(client.responses.create(**request))


def _streamed_response(client: OpenAI, request: dict[str, Any]) -> Said:
    return _of_events(client.responses.create(**request, stream=True))


def _helped_response(client: OpenAI, request: dict[str, Any]) -> Said:
    with client.responses.stream(**request) as stream:
        return _of_response(stream.get_final_response())


async def _plain_chat_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_completion(await client.chat.completions.create(**request))


async def _streamed_chat_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_chunks([chunk async for chunk in await client.chat.completions.create(**request, stream=True)])


async def _helped_chat_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    async with client.chat.completions.stream(**request) as stream:
        return _of_completion(await stream.get_final_completion())


async def _plain_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_response(await client.responses.create(**request))


async def _streamed_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_events([event async for event in await client.responses.create(**request, stream=True)])


async def _helped_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    async with client.responses.stream(**request) as stream:
        return _of_response(await stream.get_final_response())


_SYNC: dict[tuple[str, str], Callable[[OpenAI, dict[str, Any]], Said]] = {
    ("chat", "plain"): _plain_chat,
    ("chat", "streamed"): _streamed_chat,
    ("chat", "helper"): _helped_chat,
    ("responses", "plain"): _plain_response,
    ("responses", "streamed"): _streamed_response,
    ("responses", "helper"): _helped_response,
}
_ASYNC: dict[tuple[str, str], Callable[[AsyncOpenAI, dict[str, Any]], Any]] = {
    ("chat", "plain"): _plain_chat_async,
    ("chat", "streamed"): _streamed_chat_async,
    ("chat", "helper"): _helped_chat_async,
    ("responses", "plain"): _plain_response_async,
    ("responses", "streamed"): _streamed_response_async,
    ("responses", "helper"): _helped_response_async,
}
