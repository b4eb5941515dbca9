"""A script that repeats its last turn calls a tool anew each time.

Agents run no call whose id they have seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from agents import Agent, MaxTurnsExceeded, Runner, function_tool
from openai import AsyncOpenAI

from tests.running import Server, text, write_script
from tests.sdk.agent_models import MODELS
from tests.sdk.scripted import WORKERS, Served
from tests.sdk.ways import ALL_WAYS, Way

MAX_TURNS = 4


@pytest.fixture(scope="module")
def repeating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The last turn, which calls a tool twice, is the only one left."""
    directory = tmp_path_factory.mktemp("repeating")
    calls = [
        {"name": "touch", "arguments": {"path": "a"}},
        {"name": "touch", "arguments": {"path": "b"}},
    ]
    script = write_script(
        directory / "script.json",
        text("Hi"),
        {"type": "tool_calls", "calls": calls},
        on_exhausted="repeat_last",
    )
    with Server(directory, script, LLMSIM_WORKERS=str(WORKERS)) as server:
        (served := Served(server, 2)).take()
        yield served
        served.assert_unharmed()


@pytest.mark.parametrize("way", ALL_WAYS, ids=str)
def test_call_ids_differ_on_each_answer(way: Way, repeating: Served) -> None:
    before = repeating.position()
    with way.open(repeating.server.origin) as ask:
        ids = [
            [call.id for call in ask([{"role": "user", "content": "Go."}]).calls] for _ in range(3)
        ]
    assert ids == [
        [f"call_llmsim_{position}_0", f"call_llmsim_{position}_1"]
        for position in range(before, before + 3)
    ]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_agent_runs_the_tool_on_each_of_its_turns(
    model: Any, streamed: bool, repeating: Served
) -> None:
    touched: list[str] = []

    @function_tool
    def touch(path: str) -> str:
        touched.append(path)
        return "touched"

    async def run() -> None:
        async with AsyncOpenAI(base_url=repeating.url(model.base), api_key="unused") as client:
            agent = Agent(
                name="toucher", model=model.make("gpt-5", openai_client=client), tools=[touch]
            )
            if not streamed:
                await Runner.run(agent, "Go.", max_turns=MAX_TURNS)
            else:
                async for _ in Runner.run_streamed(
                    agent, "Go.", max_turns=MAX_TURNS
                ).stream_events():
                    pass

    before = repeating.position()
    with pytest.raises(MaxTurnsExceeded):
        asyncio.run(run())
    assert sorted(touched) == ["a"] * MAX_TURNS + ["b"] * MAX_TURNS
    assert repeating.position() == before + MAX_TURNS
