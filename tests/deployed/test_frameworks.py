"""Agents of real frameworks, ten conversations of each at once on one base URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from agents import Agent as OpenAIAgent
from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from anthropic import AsyncAnthropic
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool as langchain_tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from smolagents import OpenAIServerModel, ToolCallingAgent
from smolagents import tool as smolagents_tool

from tests.deployed.service import statuses
from tests.running import PATIENCE, Server

CONVERSATIONS = 10
UNUSED = SecretStr("unused")


def step(number: int, **more: Any) -> dict[str, Any]:
    call = {"name": "step", "arguments": {"n": number}}
    return {"type": "mixed" if more else "tool_calls", "calls": [call], **more}


RATE_LIMIT: dict[str, Any] = {"type": "error", "kind": "rate_limit"}
ANSWER = "All done."
TURNS = [step(1), RATE_LIMIT, step(2, text="Once more."), {"type": "assistant", "text": ANSWER}]
# This framework's agents end with a call.
FINAL = {
    "type": "tool_calls",
    "calls": [{"name": "final_answer", "arguments": {"answer": ANSWER}}],
}

Converse = Callable[[str, list[int]], str]
"""One conversation at an origin: the answer; which steps ran goes into the list."""


def langgraph_openai(origin: str, ran: list[int]) -> str:
    return _langgraph(ChatOpenAI(base_url=f"{origin}/openai/v1", api_key=UNUSED, model="m"), ran)


def langgraph_responses(origin: str, ran: list[int]) -> str:
    model = ChatOpenAI(
        base_url=f"{origin}/openai/v1", api_key=UNUSED, model="m", use_responses_api=True
    )
    return _langgraph(model, ran)


def langgraph_anthropic(origin: str, ran: list[int]) -> str:
    model = ChatAnthropic(
        base_url=f"{origin}/anthropic", api_key=UNUSED, model_name="m", timeout=60, stop=None
    )
    return _langgraph(model, ran)


def _langgraph(model: Any, ran: list[int]) -> str:
    @langchain_tool("step")
    def run_step(n: int) -> str:
        """Take a step."""
        ran.append(n)
        return "ok"

    agent = create_agent(model, [run_step])
    ended = agent.invoke({"messages": [{"role": "user", "content": "Go."}]})
    return str(ended["messages"][-1].text)


def openai_agents_chat(origin: str, ran: list[int]) -> str:
    return _openai_agents(OpenAIChatCompletionsModel, origin, ran)


def openai_agents_responses(origin: str, ran: list[int]) -> str:
    return _openai_agents(OpenAIResponsesModel, origin, ran)


def _openai_agents(model: Callable[..., Any], origin: str, ran: list[int]) -> str:
    @function_tool(name_override="step")
    def run_step(n: int) -> str:
        ran.append(n)
        return "ok"

    async def run() -> str:
        async with AsyncOpenAI(base_url=f"{origin}/openai/v1", api_key="unused") as client:
            made = model("m", openai_client=client)
            agent = OpenAIAgent(name="worker", model=made, tools=[run_step])
            return str((await Runner.run(agent, "Go.", max_turns=6)).final_output)

    return asyncio.run(run())


def pydantic_ai_anthropic(origin: str, ran: list[int]) -> str:
    async def run() -> str:
        async with AsyncAnthropic(base_url=f"{origin}/anthropic", api_key="unused") as client:
            provider = AnthropicProvider(anthropic_client=client)
            agent = PydanticAgent(AnthropicModel("claude-sonnet-5", provider=provider))

            @agent.tool_plain
            def step(n: int) -> str:
                ran.append(n)
                return "ok"

            return (await agent.run("Go.")).output

    return asyncio.run(run())


def smolagents(origin: str, ran: list[int]) -> str:
    @smolagents_tool  # type: ignore[untyped-decorator]  # the package has no types
    def step(n: int) -> str:
        """Take a step.

        Args:
            n: Its number.
        """
        ran.append(n)
        return "ok"

    model = OpenAIServerModel("m", api_base=f"{origin}/openai/v1", api_key="unused")
    agent = ToolCallingAgent(tools=[step], model=model, verbosity_level=0)
    return str(agent.run("Go."))


FRAMEWORKS: dict[str, tuple[Converse, list[dict[str, Any]]]] = {
    "langgraph-openai": (langgraph_openai, TURNS),
    "langgraph-responses": (langgraph_responses, TURNS),
    "langgraph-anthropic": (langgraph_anthropic, TURNS),
    "openai-agents-chat": (openai_agents_chat, TURNS),
    "openai-agents-responses": (openai_agents_responses, TURNS),
    "pydantic-ai-anthropic": (pydantic_ai_anthropic, TURNS),
    "smolagents": (smolagents, [*TURNS[:3], FINAL]),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("frameworks"), None, LLMSIM_WORKERS="4") as running:
        yield running


@pytest.mark.parametrize(("converse", "turns"), FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_ten_conversations_at_once_get_each_the_script(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    converse: Converse,
    turns: list[dict[str, Any]],
) -> None:
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    script = {"order": "history", "on_exhausted": "error", "turns": turns}
    sessions = f"{server.origin}/llmsim/sessions"
    name = httpx.post(sessions, json={"script": script}, timeout=PATIENCE).json()["name"]
    ran: list[list[int]] = [[] for _ in range(CONVERSATIONS)]
    with ThreadPoolExecutor(CONVERSATIONS) as threads:
        answers = list(threads.map(lambda mine: converse(f"{server.origin}/s/{name}", mine), ran))
    counted = statuses(server.origin, name)
    assert answers == [ANSWER] * CONVERSATIONS
    assert ran == [[1, 2]] * CONVERSATIONS
    assert counted == {200: 3 * CONVERSATIONS, 429: CONVERSATIONS}


def test_an_agent_with_examples_in_its_prompt_plays_by_its_own_steps(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    keys = {"order": "history", "steps": "own", "on_exhausted": "error"}
    script.write_text(json.dumps({**keys, "turns": TURNS}))
    examples = [
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "3+3?"},
        {"role": "assistant", "content": "6"},
    ]
    ran: list[int] = []

    @langchain_tool("step")
    def run_step(n: int) -> str:
        """Take a step."""
        ran.append(n)
        return "ok"

    with Server(tmp_path, script) as server:
        model = ChatOpenAI(base_url=f"{server.origin}/openai/v1", api_key=UNUSED, model="m")
        agent = create_agent(model, [run_step])
        question = {"role": "user", "content": "Go."}
        ended = agent.invoke({"messages": [*examples, question]})
    assert ended["messages"][-1].text == ANSWER
    assert ran == [1, 2]
