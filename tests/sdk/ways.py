"""The ways to ask an official SDK for an answer.

Each API plain, streamed and through its stream helper, by the sync and the async client.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import anthropic
import openai
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from tests.sdk import anthropic_ways
from tests.sdk.said import Ask, Called, Said, joined

BASES = {
    "chat": ("/openai/v1", "/v1"),
    "responses": ("/openai/v1", "/v1", "/openresponses/v1"),
    "anthropic": ("/anthropic", ""),
}
BARE = (
    "/v1",
    "",
)  # the same routes under another path; Anthropic's clients add the `/v1` to either


@dataclass(frozen=True)
class Way:
    """How to ask, and at which base URL."""

    base: str
    api: str
    how: str
    client: str

    def __str__(self) -> str:
        base = self.base.strip("/").replace("/", "-") or "bare"
        return f"{self.client}-{self.api}-{self.how}-{base}"

    @property
    def sdk(self) -> ModuleType:
        """The client's package: both name their exceptions alike."""
        return anthropic if self.api == "anthropic" else openai

    @contextmanager
    def open(self, origin: str, **options: Any) -> Iterator[Ask]:
        """A function that asks with a history; the client is closed at the end."""
        options = {"base_url": origin + self.base, "api_key": "unused"} | options
        sync_client, async_client = _CLIENTS[self.sdk]
        if self.client == "sync":
            with sync_client(**options) as client:
                yield lambda history: _SYNC[self.api, self.how](client, _request(self.api, history))
            return
        with asyncio.Runner() as runner:
            client = async_client(**options)
            yield lambda history: runner.run(
                _ASYNC[self.api, self.how](client, _request(self.api, history))
            )
            runner.run(client.close())


_CLIENTS: dict[ModuleType, tuple[Any, Any]] = {
    openai: (OpenAI, AsyncOpenAI),
    anthropic: (Anthropic, AsyncAnthropic),
}

ALL_WAYS = [
    Way(base, api, how, client)
    for client in ("sync", "async")
    for api, bases in BASES.items()
    for base in bases
    for how in ("plain", "streamed", "helper")
    if base not in BARE or (client, how) == ("sync", "plain")
]
ANTHROPIC_WAYS = [way for way in ALL_WAYS if way.api == "anthropic"]
WAYS = [way for way in ALL_WAYS if way.api != "anthropic"]


Run = Callable[[Called], str]


def has_run(call: Called) -> str:
    """What a tool returns that says no more than that it has run."""
    return f"{call.name} has run"


def tool_results(api: str, calls: list[Called], run: Run = has_run) -> list[Any]:
    """What the tools returned, as the API's history has it."""
    outputs = [(call.id, run(call)) for call in calls]
    if api == "chat":
        return [
            {"role": "tool", "tool_call_id": call_id, "content": output}
            for call_id, output in outputs
        ]
    if api == "responses":
        return [
            {"type": "function_call_output", "call_id": call_id, "output": output}
            for call_id, output in outputs
        ]
    return [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": call_id, "content": output}
                for call_id, output in outputs
            ],
        }
    ]


def run_tool_loop(ask: Ask, way: Way, run: Run = has_run) -> list[Said]:
    """Asks, runs the tools and tells their results, until an answer calls none."""
    history: list[Any] = [{"role": "user", "content": "Go."}]
    said: list[Said] = []
    while not said or (said[-1].calls and len(said) < 9):
        said.append(ask(history))
        history += said[-1].items
        history += tool_results(way.api, said[-1].calls, run) if said[-1].calls else []
    return said


def _tool(name: str, **properties: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    return {"name": name, "parameters": schema, "strict": True}


_TOOLS = [
    _tool("read_file", path={"type": "string"}),
    _tool(
        "write_file", path={"type": "string"}, lines={"type": "array", "items": {"type": "string"}}
    ),
]


def _request(api: str, history: list[Any]) -> dict[str, Any]:
    if api == "anthropic":
        return anthropic_ways.request_of(history, _TOOLS)
    if api == "chat":
        return {
            "model": "gpt-5",
            "messages": history,
            "tools": [{"type": "function", "function": tool} for tool in _TOOLS],
        }
    return {
        "model": "gpt-5",
        "input": history,
        "tools": [{"type": "function", **tool} for tool in _TOOLS],
    }


def _of_completion(completion: Any) -> Said:
    (choice,) = completion.choices
    message = choice.message
    calls = [
        Called(call.id, call.function.name, json.loads(call.function.arguments))
        for call in message.tool_calls or ()
    ]
    reasoning = (message.model_extra or {}).get("reasoning_content")
    counted = completion.usage
    usage = counted and (
        counted.prompt_tokens,
        counted.completion_tokens,
        counted.prompt_tokens_details.cached_tokens,
    )
    return Said(
        completion.id,
        message.content,
        calls,
        choice.finish_reason,
        [message],
        reasoning,
        message.refusal,
        usage,
    )


def _of_chunks(chunks: Iterable[Any]) -> Said:
    """A stream put together by hand.

    One chunk opens a call, and those after it only add to its arguments.
    """
    told: dict[str, list[str]] = {"content": [], "reasoning_content": [], "refusal": []}
    calls: list[dict[str, Any]] = []
    ids: set[str] = set()
    ended = None
    for chunk in chunks:
        (choice,) = chunk.choices
        assert ended is None, "a chunk after the finish reason"
        ids.add(chunk.id)
        ended = choice.finish_reason
        for key, text in choice.delta.to_dict().items():
            if key in told and text is not None:
                told[key].append(text)
        for call in choice.delta.tool_calls or ():
            if call.id:
                assert call.index == len(calls)
                calls.append(
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.function.name, "arguments": ""},
                    }
                )
            assert call.index == len(calls) - 1
            calls[-1]["function"]["arguments"] += call.function.arguments
    (completion_id,) = ids
    text, reasoning, refusal = (joined(texts) for texts in told.values())
    message = {"role": "assistant", "content": text, "refusal": refusal} | (
        {"tool_calls": calls} if calls else {}
    )
    called = [
        Called(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in calls
    ]
    return Said(completion_id, text, called, ended, [message], reasoning, refusal)


def _of_response(response: Any) -> Said:
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    calls = [
        Called(item.call_id, item.name, json.loads(item.arguments))
        for item in response.output
        if item.type == "function_call"
    ]
    return Said(
        response.id,
        joined([part.text for part in parts if part.type == "output_text"]),
        calls,
        response.incomplete_details.reason if response.status == "incomplete" else response.status,
        list(response.output),
        joined(
            [
                part.text
                for item in response.output
                if item.type == "reasoning"
                for part in item.summary
            ]
        ),
        joined([part.refusal for part in parts if part.type == "refusal"]),
        (
            response.usage.input_tokens,
            response.usage.output_tokens,
            response.usage.input_tokens_details.cached_tokens,
        ),
    )


def _of_events(events: Iterable[Any]) -> Said:
    """The response that the last event ends, which the deltas before it must add up to."""
    events = list(events)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    response = events[-1].response
    assert events[-1].type == f"response.{response.status}"
    assert response.id == events[0].response.id
    said = _of_response(response)
    arguments = joined([item.arguments for item in response.output if item.type == "function_call"])
    grown = {
        "output_text": said.text,
        "reasoning_summary_text": said.reasoning,
        "refusal": said.refusal,
        "function_call_arguments": arguments,
    }
    for kind, whole in grown.items():
        assert "".join(
            event.delta for event in events if event.type == f"response.{kind}.delta"
        ) == (whole or "")
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
    return _of_chunks(
        [chunk async for chunk in await client.chat.completions.create(**request, stream=True)]
    )


async def _helped_chat_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    async with client.chat.completions.stream(**request) as stream:
        return _of_completion(await stream.get_final_completion())


async def _plain_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_response(await client.responses.create(**request))


async def _streamed_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    return _of_events(
        [event async for event in await client.responses.create(**request, stream=True)]
    )


async def _helped_response_async(client: AsyncOpenAI, request: dict[str, Any]) -> Said:
    async with client.responses.stream(**request) as stream:
        return _of_response(await stream.get_final_response())


_SYNC: dict[tuple[str, str], Callable[[Any, dict[str, Any]], Said]] = {
    ("chat", "plain"): _plain_chat,
    ("chat", "streamed"): _streamed_chat,
    ("chat", "helper"): _helped_chat,
    ("responses", "plain"): _plain_response,
    ("responses", "streamed"): _streamed_response,
    ("responses", "helper"): _helped_response,
    ("anthropic", "plain"): anthropic_ways.plain,
    ("anthropic", "streamed"): anthropic_ways.streamed,
    ("anthropic", "helper"): anthropic_ways.helped,
}
_ASYNC: dict[tuple[str, str], Callable[[Any, dict[str, Any]], Any]] = {
    ("chat", "plain"): _plain_chat_async,
    ("chat", "streamed"): _streamed_chat_async,
    ("chat", "helper"): _helped_chat_async,
    ("responses", "plain"): _plain_response_async,
    ("responses", "streamed"): _streamed_response_async,
    ("responses", "helper"): _helped_response_async,
    ("anthropic", "plain"): anthropic_ways.plain_async,
    ("anthropic", "streamed"): anthropic_ways.streamed_async,
    ("anthropic", "helper"): anthropic_ways.helped_async,
}
