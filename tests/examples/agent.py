"""A support agent, as an application has it. It knows nothing of llmsim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import before_model
from langchain_core.messages import RemoveMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph.message import REMOVE_ALL_MESSAGES

ORDERS = {7: {"id": "ord-7", "state": "sent"}, 8: {"id": "ord-8", "state": "packed"}}


@tool
def find_order(number: int) -> str:
    """Find an order by its number."""
    return json.dumps(ORDERS.get(number, {"error": f"there is no order {number}"}))


@tool
def refund(order_id: str) -> str:
    """Refund an order, by its id."""
    return json.dumps({"refunded": order_id})


@before_model
def trimmer(state: Any, runtime: Any) -> Any:
    """Keep the last three messages, whatever they are. It cuts a call from its result."""
    return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *state["messages"][-3:]]}


PROMPT = "You answer questions about orders."


def support(
    question: str, middleware: Sequence[Any] = (), prompt: str = PROMPT, **options: Any
) -> str:
    """What the agent answers."""
    agent: Any = create_agent(
        ChatOpenAI(model="gpt-5", **options),
        [find_order, refund],
        system_prompt=prompt,
        middleware=middleware,
    )
    said = agent.invoke({"messages": [{"role": "user", "content": question}]})
    return str(said["messages"][-1].text)
