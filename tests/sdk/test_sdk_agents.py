"""The OpenAI Agents SDK runs a tool loop to its end, with a 429 on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import Agent, Runner, RunResult, RunResultStreaming, function_tool
from openai import AsyncOpenAI
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputText

from tests.narrowing import of_type
from tests.sdk.agent_models import MODELS, AgentModel
from tests.sdk.scripted import READ_A, READ_B, TOOL_LOOP, WRITE, Served

TURNS = TOOL_LOOP


async def _run(
    model: AgentModel, served: Served, *, streamed: bool, tools: list[Any]
) -> RunResult | RunResultStreaming:
    async with AsyncOpenAI(base_url=served.url(model.base), api_key="unused") as client:
        agent = Agent(
            name="worker",
            instructions="Work.",
            model=model.make("gpt-5", openai_client=client),
            tools=tools,
        )
        if not streamed:
            return await Runner.run(agent, "Go.", max_turns=5)
        result = Runner.run_streamed(agent, "Go.", max_turns=5)
        async for _ in result.stream_events():
            pass
        return result


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_agent_runs_each_tool_with_its_arguments_and_ends_with_the_last_turn(
    model: AgentModel, streamed: bool, served: Served, start: int
) -> None:
    ran: list[tuple[str, dict[str, Any]]] = []

    @function_tool
    def read_file(path: str) -> str:
        ran.append(("read_file", {"path": path}))
        return f"contents of {path}"

    @function_tool
    def write_file(path: str, lines: list[str]) -> str:
        ran.append(("write_file", {"path": path, "lines": lines}))
        return "written"

    result = asyncio.run(_run(model, served, streamed=streamed, tools=[read_file, write_file]))
    assert result.final_output == "All done."
    assert ran[0] == ("read_file", READ_A)
    assert sorted(ran[1:], key=str) == sorted(
        [("read_file", READ_B), ("write_file", WRITE)], key=str
    )
    calls = [
        of_type(ResponseFunctionToolCall, item.raw_item).call_id
        for item in result.new_items
        if item.type == "tool_call_item"
    ]
    assert calls == [
        f"call_llmsim_{start}_0",
        f"call_llmsim_{start + 2}_0",
        f"call_llmsim_{start + 2}_1",
    ]
    outputs = [item.output for item in result.new_items if item.type == "tool_call_output_item"]
    assert outputs == ["contents of a.txt", f"contents of {READ_B['path']}", "written"]
    said = [
        of_type(ResponseOutputText, part).text
        for item in result.new_items
        if item.type == "message_output_item"
        for part in item.raw_item.content
    ]
    assert said == [TOOL_LOOP[2]["text"], "All done."]
    assert served.position() == start + 4
