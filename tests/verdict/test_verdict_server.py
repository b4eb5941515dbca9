"""The verdict on a deployed agent: real servers, a real SDK, and workers that are killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from llmsim.verdict import Verdict
from llmsim.verdict.summary import Counts, Summary
from tests.running import PATIENCE, text
from tests.stress.hosts import Served, started

USERS, WRONG, EARLY = 80, 7, 3
SCRIPT: dict[str, Any] = {
    "order": "history",
    "on_exhausted": "error",
    "turns": [
        {"type": "tool_calls", "calls": [{"name": "find_order", "arguments": {"number": 7}}]},
        {"type": "error", "kind": "rate_limit"},
        {**text("It was sent."), "expect": {"tool_result": {"contains": "sent"}}},
    ],
}
TOOL: Any = {"type": "function", "function": {"name": "find_order", "parameters": {}}}


@pytest.fixture(scope="module", params=["gevent", "three hosts"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("verdict")
    (folder / "script.json").write_text(json.dumps(SCRIPT), "utf-8")
    with started(request.param, folder, folder / "script.json") as running:
        yield running


class Service:
    """The deployed agent. Some of its users it tells a wrong result, some it leaves early."""

    def __init__(self) -> None:
        chosen = random.Random(5).sample(range(USERS), WRONG + EARLY)
        self.wrong, self.early = set(chosen[:WRONG]), set(chosen[WRONG:])
        self.failed: set[str] = set()

    def serve(self, base_urls: list[str]) -> None:
        """All users, many at once; each at the base URL of its number."""
        asyncio.run(self._serve(base_urls))

    async def _serve(self, base_urls: list[str]) -> None:
        room = asyncio.Semaphore(50)
        async with openai.DefaultAsyncHttpxClient(timeout=PATIENCE) as connections:

            async def one(user: int) -> None:
                client = openai.AsyncOpenAI(
                    base_url=base_urls[user % len(base_urls)],
                    api_key="one key",
                    http_client=connections,
                )
                async with room:
                    await self._converse(client, user)

            await asyncio.gather(*map(one, range(USERS)))

    async def _converse(self, client: openai.AsyncOpenAI, user: int) -> None:
        messages: list[Any] = [{"role": "user", "content": "Where is it?"}]
        asked: Any = {"model": "gpt-5", "messages": messages, "tools": [TOOL]}
        message = (await client.chat.completions.create(**asked)).choices[0].message
        (call,) = message.tool_calls or []
        if user in self.wrong | self.early:
            self.failed.add(call.id)
        if user in self.early:
            return
        result = "lost" if user in self.wrong else "sent"
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": result}]
        await client.chat.completions.create(**asked)


def get(server: Served, path: str) -> Any:
    answer = httpx.get(f"{server.origin}/llmsim{path}", timeout=PATIENCE)
    assert answer.is_success, answer.text
    return answer.json()


def kill_all_workers(server: Served) -> None:
    for pid in server.worker_pids():
        os.kill(pid, signal.SIGKILL)


def test_of_many_conversations_at_one_base_url_just_the_ten_wrong_ones_are_named(
    server: Served,
) -> None:
    service = Service()
    service.serve([server.base_url])
    kill_all_workers(server)
    found = Verdict.read(get(server, "/sessions/default/verdict"))
    conversations = found.conversations
    assert conversations is not None
    assert (found.passed, found.complete, found.findings) == (False, True, ())
    assert (conversations.began, conversations.ended) == (USERS, USERS - EARLY)
    assert conversations.failed == WRONG + EARLY
    assert {each.conversation for each in conversations.page} == service.failed
    kinds = sorted(each.reasons[0].kind for each in conversations.page)
    assert kinds == ["stopped"] * EARLY + ["unmet"] * WRONG


def test_the_same_as_many_sessions(server: Served) -> None:
    service = Service()
    service.serve([f"{server.origin}/s/agent-{user}/openai/v1" for user in range(USERS)])
    kill_all_workers(server)
    found = Summary.read(get(server, "/verdict?prefix=agent-"))
    assert found.counts == Counts(passed=USERS - WRONG - EARLY, failed=WRONG + EARLY)
    expected = {f"agent-{user}" for user in service.wrong | service.early}
    assert {each.session for each in found.page} == expected
