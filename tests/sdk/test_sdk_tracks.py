"""Three agents that run at once on one session: a track each, ten times the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr

from tests.running import PATIENCE, Server, text

pytestmark = pytest.mark.slow  # two frameworks, ten runs each

ROLES = ("planner", "searcher", "writer")
ROUNDS = 10
KEY = SecretStr("unused")


def turns(role: str) -> list[dict[str, Any]]:
    """Two calls and an end, each with the name of the role."""
    calls = [
        {"type": "tool_calls", "calls": [{"name": "note", "arguments": {"words": f"{role} {n}"}}]}
        for n in range(2)
    ]
    return [*calls, text(f"{role} is done.")]


def session_of(server: Server, **keys: Any) -> str:
    """A session whose script has a track for each role but the first, whose turns are main's."""
    first, *others = ROLES
    tracks = [
        {"name": role, "when": {"system_contains": f"the {role}"}, "turns": turns(role)}
        for role in others
    ]
    script = {"on_exhausted": "error", "turns": turns(first), "tracks": tracks, **keys}
    made = httpx.post(f"{server.origin}/llmsim/sessions", json={"script": script}, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    return f"{server.origin}/s/{made.json()['name']}/openai/v1"


Run = Callable[[str, str, list[str]], Awaitable[str]]


async def openai_agents(model: Any, base_url: str, role: str, notes: list[str]) -> str:
    @function_tool
    def note(words: str) -> str:
        notes.append(words)
        return "noted"

    async with AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0) as client:
        agent = Agent(
            name=role,
            instructions=f"You are the {role}.",
            model=model("gpt-5", openai_client=client),
            tools=[note],
        )
        return str((await Runner.run(agent, "Go.", max_turns=5)).final_output)


async def agents_chat(base_url: str, role: str, notes: list[str]) -> str:
    return await openai_agents(OpenAIChatCompletionsModel, base_url, role, notes)


async def agents_responses(base_url: str, role: str, notes: list[str]) -> str:
    return await openai_agents(OpenAIResponsesModel, base_url, role, notes)


async def langgraph(base_url: str, role: str, notes: list[str]) -> str:
    @tool
    def note(words: str) -> str:
        """Take a note."""
        notes.append(words)
        return "noted"

    model = ChatOpenAI(base_url=base_url, api_key=KEY, model="gpt-5", max_retries=0)
    agent: Any = create_agent(model, [note], system_prompt=f"You are the {role}.")
    state = await agent.ainvoke({"messages": [{"role": "user", "content": "Go."}]})
    return str(state["messages"][-1].text)


async def at_once(run: Run, base_url: str) -> dict[str, tuple[str, list[str]]]:
    """What each agent said in the end, and the notes that it took on its way."""
    notes: dict[str, list[str]] = {role: [] for role in ROLES}
    said = await asyncio.gather(*(run(base_url, role, notes[role]) for role in ROLES))
    return {role: (each, notes[role]) for role, each in zip(ROLES, said, strict=True)}


@pytest.mark.parametrize("order", ["arrival", "history"])
@pytest.mark.parametrize("run", [agents_chat, agents_responses, langgraph])
def test_three_agents_at_once_get_each_their_own_turns_ten_times_the_same(
    sessions: Server, run: Run, order: str
) -> None:
    expected = {role: (f"{role} is done.", [f"{role} 0", f"{role} 1"]) for role in ROLES}

    async def rounds() -> list[dict[str, tuple[str, list[str]]]]:
        return [await at_once(run, session_of(sessions, order=order)) for _ in range(ROUNDS)]

    assert asyncio.run(rounds()) == [expected] * ROUNDS
