"""The service: an agent loop of the official SDKs, which many users share.

Each user has a conversation of his own; nothing but the history tells them apart.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import anthropic
import httpx
import openai

from tests.running import PATIENCE

TOOL: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}


class Way(NamedTuple):
    """How the agent asks."""

    api: str
    stream: bool

    def __str__(self) -> str:
        return f"{self.api}-{'streamed' if self.stream else 'plain'}"


WAYS = [Way(api, stream) for api in ("chat", "responses", "anthropic") for stream in (False, True)]


class Answer(NamedTuple):
    """What the agent got: texts and arguments, what goes into the history, ids of its calls."""

    said: list[Any]
    items: list[Any]
    calls: list[str]


class Api(ABC):
    """One API of an SDK: how to ask, to read an answer, and to tell what a tool returned."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @abstractmethod
    def asked(self, history: list[Any]) -> dict[str, Any]:
        """The arguments of a call."""

    @property
    @abstractmethod
    def resource(self) -> Any:
        """What has `create` and `stream`."""

    async def plain(self, history: list[Any]) -> Any:
        """The whole answer at once."""
        return await self.resource.create(**self.asked(history))

    @abstractmethod
    async def streamed(self, history: list[Any]) -> Any:
        """The whole answer, put together by the SDK."""

    @abstractmethod
    def answer(self, got: Any) -> Answer:
        """What an agent makes of it."""

    @abstractmethod
    def results(self, calls: list[str]) -> list[Any]:
        """What the tools returned."""


class Chat(Api):
    """Chat Completions."""

    @property
    def resource(self) -> Any:
        return self.client.chat.completions

    def asked(self, history: list[Any]) -> dict[str, Any]:
        tools = [{"type": "function", "function": {"name": "step", "parameters": TOOL}}]
        return {"model": "gpt-5", "messages": history, "tools": tools}

    async def streamed(self, history: list[Any]) -> Any:
        async with self.resource.stream(**self.asked(history)) as events:
            return await events.get_final_completion()

    def answer(self, got: Any) -> Answer:
        message = got.choices[0].message
        calls = message.tool_calls or []
        said = [message.content] if message.content else []
        said += [json.loads(call.function.arguments)["n"] for call in calls]
        return Answer(said, [message.to_dict()], [call.id for call in calls])

    def results(self, calls: list[str]) -> list[Any]:
        return [{"role": "tool", "tool_call_id": name, "content": "done"} for name in calls]


class Responses(Api):
    """Responses."""

    @property
    def resource(self) -> Any:
        return self.client.responses

    def asked(self, history: list[Any]) -> dict[str, Any]:
        tools = [{"type": "function", "name": "step", "parameters": TOOL, "strict": False}]
        return {"model": "gpt-5", "input": history, "tools": tools}

    async def streamed(self, history: list[Any]) -> Any:
        async with self.resource.stream(**self.asked(history)) as events:
            return await events.get_final_response()

    def answer(self, got: Any) -> Answer:
        calls = [item for item in got.output if item.type == "function_call"]
        said = [got.output_text] if got.output_text else []
        said += [json.loads(call.arguments)["n"] for call in calls]
        return Answer(
            said, [item.to_dict() for item in got.output], [call.call_id for call in calls]
        )

    def results(self, calls: list[str]) -> list[Any]:
        return [
            {"type": "function_call_output", "call_id": name, "output": "done"} for name in calls
        ]


class Messages(Api):
    """Anthropic Messages."""

    @property
    def resource(self) -> Any:
        return self.client.messages

    def asked(self, history: list[Any]) -> dict[str, Any]:
        tools = [{"name": "step", "input_schema": TOOL}]
        return {
            "model": "claude-sonnet-5",
            "max_tokens": 100,
            "messages": history,
            "tools": tools,
        }

    async def streamed(self, history: list[Any]) -> Any:
        async with self.resource.stream(**self.asked(history)) as events:
            return await events.get_final_message()

    def answer(self, got: Any) -> Answer:
        said: list[Any] = [block.text for block in got.content if block.type == "text"]
        uses = [block for block in got.content if block.type == "tool_use"]
        said += [use.input["n"] for use in uses]
        content = [block.to_dict() for block in got.content]
        return Answer(said, [{"role": "assistant", "content": content}], [use.id for use in uses])

    def results(self, calls: list[str]) -> list[Any]:
        blocks = [{"type": "tool_result", "tool_use_id": name, "content": "done"} for name in calls]
        return [{"role": "user", "content": blocks}]


_OPENAI, _ANTHROPIC = (openai.AsyncOpenAI, "/openai/v1"), (anthropic.AsyncAnthropic, "/anthropic")
_APIS: dict[str, tuple[type[Api], tuple[Any, str]]] = {
    "chat": (Chat, _OPENAI),
    "responses": (Responses, _OPENAI),
    "anthropic": (Messages, _ANTHROPIC),
}


@dataclass
class Heard:
    """What one user's conversation got: the agent's texts and the arguments of its calls."""

    user: int
    said: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """Users of the service: how many, how many at once, what they ask, and what goes wrong.

    `origins` are asked in turn, as by a round robin. With `cuts`, the agent gives up every second
    answer before it has read it, and asks again. `after_each` is called after each answer.
    """

    origins: Sequence[str]
    users: int
    questions: Callable[[int], Sequence[str]]
    at_once: int = 100
    retries: int = 2
    cuts: bool = False
    after_each: Callable[[], None] = lambda: None

    def run(self, way: Way) -> list[Heard]:
        """All conversations; what each user heard."""
        return asyncio.run(self._all(way))

    async def _all(self, way: Way) -> list[Heard]:
        kind, (client, base) = _APIS[way.api]
        room = asyncio.Semaphore(self.at_once)
        async with AsyncExitStack() as stack:
            options: dict[str, Any] = {"api_key": "one key", "max_retries": self.retries}
            clients = [
                client(base_url=origin + base, timeout=PATIENCE, **options)
                for origin in self.origins
            ]
            apis = [kind(await stack.enter_async_context(each)) for each in clients]
            turns = itertools.cycle(apis)

            async def one(heard: Heard) -> Heard:
                async with room:
                    await self._converse(turns, way.stream, heard)
                return heard

            return await asyncio.gather(*(one(Heard(user)) for user in range(self.users)))

    async def _converse(self, apis: itertools.cycle[Api], stream: bool, heard: Heard) -> None:
        history: list[Any] = []
        for question in self.questions(heard.user):
            history.append({"role": "user", "content": question})
            calls: list[str] | None = None
            while calls is None or calls:
                api = next(apis)
                history += api.results(calls) if calls else []
                if self.cuts and (heard.user + len(heard.said)) % 2:
                    await _give_up(api, stream, history)
                got = await (api.streamed if stream else api.plain)(history)
                self.after_each()
                said, items, calls = api.answer(got)
                heard.said += said
                history += items


async def _give_up(api: Api, stream: bool, history: list[Any]) -> None:
    """Ask, and go away when the answer begins."""
    create = api.resource.with_streaming_response.create
    async with create(**api.asked(history), **({"stream": True} if stream else {})):
        return


def statuses(origin: str, session: str = "default") -> Counter[int]:
    """How often each status was answered, by the session's journal."""
    url = f"{origin}/llmsim/sessions/{session}/requests.jsonl"
    lines = httpx.get(url, timeout=PATIENCE).text.splitlines()
    return Counter(json.loads(line)["status"] for line in lines)
