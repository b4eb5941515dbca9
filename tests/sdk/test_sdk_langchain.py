"""LangChain runs a tool loop to its end, with a 429 on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from openai import DefaultHttpxClient, RateLimitError
from pydantic import SecretStr

from tests.sdk.langchain_loop import RESULTS, ask, run_tool_loop
from tests.sdk.scripted import READ_A, READ_B, TOOL_LOOP, WRITE, Served

TURNS = TOOL_LOOP
ROUTES = [(False, "/openai/v1"), (True, "/openai/v1"), (True, "/openresponses/v1")]


@contextmanager
def _model(base_url: str, **options: Any) -> Iterator[ChatOpenAI]:
    with (
        DefaultHttpxClient() as http_client
    ):  # LangChain's own one stays open for the process's life, and would hold up the server's end
        yield ChatOpenAI(
            model="gpt-5",
            base_url=base_url,
            api_key=SecretStr("unused"),
            http_client=http_client,
            **options,
        )


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_loop_ends_with_the_last_turn(
    responses: bool, base: str, streamed: bool, served: Served, start: int
) -> None:
    with _model(served.url(base), use_responses_api=responses) as model:
        said, results = run_tool_loop(model, streamed)
    two = [
        (f"call_llmsim_{start + 2}_0", "read_file", READ_B),
        (f"call_llmsim_{start + 2}_1", "write_file", WRITE),
    ]
    assert said == [
        ("", [(f"call_llmsim_{start}_0", "read_file", READ_A)]),
        (TOOL_LOOP[2]["text"], two),
        ("All done.", []),
    ]
    assert results == RESULTS
    assert served.position() == start + 4


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_429_is_raised_where_retries_are_off(
    responses: bool, base: str, streamed: bool, served: Served, start: int
) -> None:
    with _model(served.url(base), use_responses_api=responses, max_retries=0) as model:
        first = ask(model, [HumanMessage("Go.")], streamed)
        assert first.usage_metadata is None or first.usage_metadata["output_tokens"] > 0
        with pytest.raises(RateLimitError) as raised:
            ask(model, [HumanMessage("Go.")], streamed)
    assert raised.value.code == "rate_limit_exceeded"
    assert served.position() == start + 2


@pytest.mark.parametrize(("responses", "base"), ROUTES, ids=str)
def test_the_order_headers_and_the_id_reach_a_caller_of_langchain(
    responses: bool, base: str, served: Served, start: int
) -> None:
    with _model(
        served.url(base), use_responses_api=responses, include_response_headers=True
    ) as model:
        metadata = model.invoke("Go.").response_metadata
    generation = metadata["headers"]["x-llmsim-generation"]
    assert metadata["headers"]["x-llmsim-position"] == str(start)
    assert metadata["id"] == (
        f"resp_llmsim_{generation}_{start}"
        if responses
        else f"chatcmpl-llmsim-{generation}-{start}"
    )
