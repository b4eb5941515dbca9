"""Pydantic AI runs a tool loop to its end on Anthropic's API, with a 429 and a 529 on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from pydantic_ai import Agent, AgentRunResult
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from tests.narrowing import of_type
from tests.sdk.scripted import CLAUDE, OVERLOADED, READ_A, READ_B, ROUGH_TOOL_LOOP, WRITE, Served

MIXED = {**ROUGH_TOOL_LOOP[2], "reasoning": "Two files."}
TURNS = [*ROUGH_TOOL_LOOP[:2], MIXED, *ROUGH_TOOL_LOOP[3:]]


def _run(
    served: Served, ran: list[Any], *, streamed: bool, **options: Any
) -> tuple[AgentRunResult[str], int]:
    """The result, and how many events a streamed run had."""
    events = 0

    async def count(_: Any, stream: AsyncIterable[Any]) -> None:
        nonlocal events
        async for _ in stream:
            events += 1

    async def run() -> AgentRunResult[str]:
        async with AsyncAnthropic(
            base_url=served.url("/anthropic"), api_key="unused", **options
        ) as client:
            agent = Agent(
                AnthropicModel(CLAUDE, provider=AnthropicProvider(anthropic_client=client)),
                instructions="Work.",
            )

            @agent.tool_plain
            def read_file(path: str) -> str:
                ran.append({"path": path})
                return f"contents of {path}"

            @agent.tool_plain
            def write_file(path: str, lines: list[str]) -> str:
                ran.append({"path": path, "lines": lines})
                return "written"

            return await agent.run("Go.", event_stream_handler=count if streamed else None)

    return asyncio.run(run()), events


@pytest.mark.parametrize("streamed", [False, True])
def test_an_agent_runs_each_tool_with_its_arguments_and_ends_with_the_last_turn(
    streamed: bool, play: Callable[..., Served]
) -> None:
    ran: list[Any] = []
    served = play(*TURNS)
    result, events = _run(served, ran, streamed=streamed)
    assert result.output == "All done."
    assert ran[0] == READ_A
    assert sorted(ran[1:], key=str) == sorted([READ_B, WRITE], key=str)
    parts = [part for message in result.all_messages() for part in message.parts]
    calls = [part.tool_call_id for part in parts if part.part_kind == "tool-call"]
    assert calls == ["call_llmsim_0_0", "call_llmsim_2_0", "call_llmsim_2_1"]
    assert [part.content for part in parts if part.part_kind == "text"] == [
        MIXED["text"],
        "All done.",
    ]
    assert [
        (part.content, bool(part.signature)) for part in parts if part.part_kind == "thinking"
    ] == [("Two files.", True)]
    assert (events > 20) == streamed
    assert served.position() == 5


@pytest.mark.parametrize("streamed", [False, True])
def test_a_529_is_raised_where_retries_are_off(streamed: bool, play: Callable[..., Served]) -> None:
    with pytest.raises(ModelHTTPError) as raised:
        _run(served := play(OVERLOADED), [], streamed=streamed, max_retries=0)
    assert (raised.value.status_code, of_type(dict, raised.value.body)["error"]["type"]) == (
        529,
        "overloaded_error",
    )
    assert served.position() == 1
