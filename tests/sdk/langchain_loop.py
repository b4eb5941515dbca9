"""LangChain's tool loop, for a chat model of any provider."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool

from tests.sdk.scripted import READ_B


@tool
def read_file(path: str) -> str:
    """Read a file."""
    return f"contents of {path}"


@tool
def write_file(path: str, lines: list[str]) -> str:
    """Write a file."""
    return f"{len(lines)} lines to {path}"


TOOLS = {"read_file": read_file, "write_file": write_file}
RESULTS = [
    "contents of a.txt",
    f"contents of {READ_B['path']}",
    "3 lines to c.txt",
]  # of the scripted tool loop


def ask(runnable: Any, history: list[Any], streamed: bool) -> Any:
    """The answer, of a stream put together from its chunks."""
    if not streamed:
        return runnable.invoke(history)
    chunks = list(runnable.stream(history))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


def run_tool_loop(model: Any, streamed: bool) -> tuple[list[tuple[str, list[Any]]], list[str]]:
    """Text and calls of each answer, until one calls no tool; and what the tools returned."""
    history: list[Any] = [HumanMessage("Go.")]
    said: list[tuple[str, list[Any]]] = []
    results: list[str] = []
    bound = model.bind_tools([*TOOLS.values()])
    while not said or (said[-1][1] and len(said) < 9):
        message = ask(bound, history, streamed)
        said.append(
            (
                message.text,
                [(call["id"], call["name"], call["args"]) for call in message.tool_calls],
            )
        )
        history.append(message)
        for call in message.tool_calls:
            results.append(TOOLS[call["name"]].invoke(call["args"]))
            history.append(ToolMessage(results[-1], tool_call_id=call["id"]))
    return said, results
