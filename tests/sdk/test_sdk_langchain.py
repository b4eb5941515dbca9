"""LangChain runs a tool loop to its end, with a 429 on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import DefaultHttpxClient, RateLimitError

from tests.sdk.scripted import READ_A, READ_B, TOOL_LOOP, WRITE, Served

TURNS = TOOL_LOOP
ROUTES = [(False, "/openai/v1"), (True, "/openai/v1"), (True, "/openresponses/v1")]


@tool
def read_file(path: str) -> str:
    """Read a file."""
    return f"contents of {path}"


@tool
def write_file(path: str, lines: list[str]) -> str:
    """Write a file."""
    return f"{len(lines)} lines to {path}"


TOOLS = {"read_file": read_file, "write_file": write_file}


@contextmanager
def _model(base_url: str, **options: Any) -> Iterator[ChatOpenAI]:
    with DefaultHttpxClient() as http_client:  # LangChain's own one stays open for the process's life, and would hold up the server's end
        yield ChatOpenAI(model="gpt-5", base_url=base_url, api_key="unused", http_client=http_client, **options)


def _ask(runnable: Any, history: list[Any], streamed: bool) -> Any:
    if not streamed:
        return runnable.invoke(history)
    chunks = list(runnable.stream(history))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_loop_ends_with_the_last_turn(responses: bool, base: str, streamed: bool, served: Served, start: int) -> None:
    history: list[Any] = [HumanMessage("Go.")]
    said: list[tuple[str, list[Any]]] = []
    results: list[str] = []
    with _model(served.url(base), use_responses_api=responses) as model:
        bound = model.bind_tools([*TOOLS.values()])
        while not said or (said[-1][1] and len(said) < 9):
            message = _ask(bound, history, streamed)
            said.append((message.text, [(call["id"], call["name"], call["args"]) for call in message.tool_calls]))
            history.append(message)
            for call in message.tool_calls:
                results.append(TOOLS[call["name"]].invoke(call["args"]))
                history.append(ToolMessage(results[-1], tool_call_id=call["id"]))
    two = [(f"call_llmsim_{start + 2}_0", "read_file", READ_B), (f"call_llmsim_{start + 2}_1", "write_file", WRITE)]
    assert said == [("", [(f"call_llmsim_{start}_0", "read_file", READ_A)]), (TOOL_LOOP[2]["text"], two), ("All done.", [])]
    assert results == ["contents of a.txt", f"contents of {READ_B['path']}", "3 lines to c.txt"]
    assert served.position() == start + 4


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_429_is_raised_where_retries_are_off(responses: bool, base: str, streamed: bool, served: Served, start: int) -> None:
    with _model(served.url(base), use_responses_api=responses, max_retries=0) as model:
        first = _ask(model, [HumanMessage("Go.")], streamed)
        assert first.usage_metadata is None or first.usage_metadata["output_tokens"] > 0
        with pytest.raises(RateLimitError) as raised:
            _ask(model, [HumanMessage("Go.")], streamed)
    assert raised.value.code == "rate_limit_exceeded"
    assert served.position() == start + 2


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
def test_the_order_headers_and_the_id_reach_a_caller_of_langchain(responses: bool, base: str, served: Served, start: int) -> None:
    with _model(served.url(base), use_responses_api=responses, include_response_headers=True) as model:
        metadata = model.invoke("Go.").response_metadata
    generation = metadata["headers"]["x-llmsim-generation"]
    assert metadata["headers"]["x-llmsim-position"] == str(start)
    assert metadata["id"] == (f"resp_llmsim_{generation}_{start}" if responses else f"chatcmpl-llmsim-{generation}-{start}")
