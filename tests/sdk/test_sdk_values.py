"""An id that a tool returned goes into the next call, whichever SDK or framework asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from agents import Agent, Runner, function_tool
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultHttpxClient
from pydantic import SecretStr

from tests.running import ROOT
from tests.sdk.agent_models import MODELS, AgentModel
from tests.sdk.said import Called
from tests.sdk.scripted import Served
from tests.sdk.ways import ALL_WAYS, Way, run_tool_loop

TURNS = json.loads((ROOT / "config/scripts/order.json").read_bytes())["turns"]
SDK_WAYS = [way for way in ALL_WAYS if way.client == "sync" and way.how != "helper"]


class Shop:
    """The tools: each order gets an id of its own, which nobody can guess."""

    numbers = count(7_000_000_000_000_000_000_000)

    def __init__(self) -> None:
        self.order = next(self.numbers)
        self.shipped: list[int] = []

    def create(self) -> str:
        return json.dumps({"id": self.order})

    def ship(self, order: int) -> str:
        self.shipped.append(order)
        return json.dumps({"day": "Friday"})

    def run(self, call: Called) -> str:
        return self.create() if call.name == "create_order" else self.ship(call.arguments["id"])

    def assert_served(self, said: str | None) -> None:
        assert self.shipped == [self.order]
        assert said == f"Order {self.order} comes on Friday."


@pytest.mark.parametrize("way", SDK_WAYS, ids=str)
def test_a_value_of_a_tool_result_stands_in_the_next_call(
    way: Way, play: Callable[..., Served]
) -> None:
    served = play(*TURNS, on_exhausted="loop")
    with way.open(served.origin) as ask:
        for _ in range(3):
            shop = Shop()
            said = run_tool_loop(ask, way, shop.run)
            shop.assert_served(said[-1].text)


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_agent_of_the_openai_agents_sdk_passes_it_on(
    model: AgentModel, streamed: bool, play: Callable[..., Served]
) -> None:
    served, shop = play(*TURNS), Shop()

    @function_tool
    def create_order(item: str) -> str:
        return shop.create()

    @function_tool
    def ship_order(id: int) -> str:
        return shop.ship(id)

    async def run() -> Any:
        async with AsyncOpenAI(base_url=served.url(model.base), api_key="unused") as client:
            agent = Agent(
                name="clerk",
                model=model.make("gpt-5", openai_client=client),
                tools=[create_order, ship_order],
            )
            if not streamed:
                return await Runner.run(agent, "A lamp.")
            result = Runner.run_streamed(agent, "A lamp.")
            async for _ in result.stream_events():
                pass
            return result

    shop.assert_served(asyncio.run(run()).final_output)


@pytest.mark.parametrize(
    ("responses", "base"),
    [(False, "/openai/v1"), (True, "/openai/v1"), (True, "/openresponses/v1")],
    ids=str,
)
def test_an_agent_of_langgraph_passes_it_on(
    responses: bool, base: str, play: Callable[..., Served]
) -> None:
    served, shop = play(*TURNS), Shop()

    @tool
    def create_order(item: str) -> str:
        """Create an order."""
        return shop.create()

    @tool
    def ship_order(id: int) -> str:
        """Ship an order."""
        return shop.ship(id)

    with DefaultHttpxClient() as http_client:
        model = ChatOpenAI(
            model="gpt-5",
            base_url=served.url(base),
            api_key=SecretStr("unused"),
            http_client=http_client,
            use_responses_api=responses,
        )
        agent = create_agent(model, [create_order, ship_order])
        state = agent.invoke({"messages": [{"role": "user", "content": "A lamp."}]})
    shop.assert_served(state["messages"][-1].text)
