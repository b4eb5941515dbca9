"""Each client works with the base URL that the README names for it, and with those beside it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from agents import Agent, Runner
from anthropic import Anthropic, AsyncAnthropic
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultHttpxClient, OpenAI
from pydantic import SecretStr
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.running import ROOT
from tests.sdk.agent_models import MODELS
from tests.sdk.scripted import CLAUDE, Served

HI: list[Any] = [{"role": "user", "content": "Hi"}]
KEY = SecretStr("unused")


def _openai(base: str) -> str:
    with OpenAI(base_url=base, api_key="unused") as client:
        said = client.chat.completions.create(model="m", messages=HI).choices[0].message.content
        assert client.responses.create(model="m", input="Hi").output_text == said
        return str(said)


def _anthropic(base: str) -> str:
    with Anthropic(base_url=base, api_key="unused") as client:
        assert client.messages.count_tokens(model=CLAUDE, messages=HI).input_tokens
        block = client.messages.create(model=CLAUDE, max_tokens=9, messages=HI).content[0]
        return str(getattr(block, "text", None))


def _langchain_openai(base: str) -> str:
    with DefaultHttpxClient() as http_client:
        model = ChatOpenAI(model="m", base_url=base, api_key=KEY, http_client=http_client)
        return str(model.invoke("Hi").content)


def _langchain_anthropic(base: str) -> str:
    options: dict[str, Any] = {"model_name": CLAUDE, "base_url": base, "api_key": KEY}
    model = ChatAnthropic(**options)
    try:
        return str(model.invoke("Hi").content)
    finally:
        model._client.close()


def _agents(base: str) -> str:
    async def run() -> str:
        async with AsyncOpenAI(base_url=base, api_key="unused") as client:
            said = {
                (await Runner.run(Agent("a", model=model.make("m", client)), "Hi")).final_output
                for model in MODELS
            }
        (one,) = said
        return str(one)

    return asyncio.run(run())


def _pydantic_openai(base: str) -> str:
    async def run() -> str:
        async with AsyncOpenAI(base_url=base, api_key="unused") as client:
            model = OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client))
            return (await PydanticAgent(model).run("Hi")).output

    return asyncio.run(run())


def _pydantic_anthropic(base: str) -> str:
    async def run() -> str:
        async with AsyncAnthropic(base_url=base, api_key="unused") as client:
            model = AnthropicModel(CLAUDE, provider=AnthropicProvider(anthropic_client=client))
            return (await PydanticAgent(model).run("Hi")).output

    return asyncio.run(run())


OPENAI, ANTHROPIC = (
    ("/openai/v1", "/openai", "/openai/v1/", "/v1"),
    ("/anthropic", "/anthropic/", ""),
)
# By the words of the README's table.
CLIENTS: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "`openai` (Python": (_openai, OPENAI),
    "LangChain's `ChatOpenAI`": (_langchain_openai, OPENAI),
    "OpenAI Agents SDK (the": (_agents, OPENAI),
    "pydantic-ai's `OpenAIProvider`": (_pydantic_openai, OPENAI),
    "`anthropic` (Python": (_anthropic, ANTHROPIC),
    "LangChain's `ChatAnthropic`": (_langchain_anthropic, ANTHROPIC),
    "pydantic-ai's `AnthropicProvider`": (_pydantic_anthropic, ANTHROPIC),
}


@pytest.mark.parametrize(
    ("client", "base"), [(name, base) for name, (_, bases) in CLIENTS.items() for base in bases]
)
def test_the_client_works_with_the_base_url(
    client: str, base: str, play: Callable[..., Served]
) -> None:
    served = play({"type": "echo", "prefix": "You said: "}, on_exhausted="loop")
    ask, _ = CLIENTS[client]
    assert ask(served.url(base)) == "You said: Hi"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_readme_names_a_base_url_that_works_for_it(client: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith("|") and client in line]
    (named,) = re.findall(r"`http://127\.0\.0\.1:8080(/[^`]*)`", row)
    assert named in CLIENTS[client][1]
