"""LangChain's Anthropic model runs a tool loop to its end, with a 429 and a 529 on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from anthropic import OverloadedError, RateLimitError
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from tests.running import text
from tests.sdk.langchain_loop import RESULTS, ask, run_tool_loop
from tests.sdk.scripted import (
    CLAUDE,
    OVERLOADED,
    RATE_LIMIT,
    READ_A,
    READ_B,
    ROUGH_TOOL_LOOP,
    WRITE,
    Served,
)


@contextmanager
def _model(served: Served, **options: Any) -> Iterator[ChatAnthropic]:
    model = ChatAnthropic(
        model_name=CLAUDE, base_url=served.url("/anthropic"), api_key=SecretStr("unused"), **options
    )
    try:
        yield model
    finally:
        # LangChain keeps its connections for the process's life, and takes no others.
        model._client.close()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_loop_ends_with_the_last_turn(streamed: bool, play: Callable[..., Served]) -> None:
    served = play(*ROUGH_TOOL_LOOP)
    with _model(served) as model:
        said, results = run_tool_loop(model, streamed)
    two = [("call_llmsim_2_0", "read_file", READ_B), ("call_llmsim_2_1", "write_file", WRITE)]
    assert said == [
        ("", [("call_llmsim_0_0", "read_file", READ_A)]),
        (ROUGH_TOOL_LOOP[2]["text"], two),
        ("All done.", []),
    ]
    assert results == RESULTS
    assert served.position() == 5


@pytest.mark.parametrize("streamed", [False, True])
def test_errors_are_raised_where_retries_are_off(
    streamed: bool, play: Callable[..., Served]
) -> None:
    served = play(RATE_LIMIT, OVERLOADED, text("after"))
    with _model(served, max_retries=0) as model:
        for exception in (RateLimitError, OverloadedError):
            with pytest.raises(exception):
                ask(model, [HumanMessage("Go.")], streamed)
        assert ask(model, [HumanMessage("Go.")], streamed).text == "after"
    assert served.position() == 3


@pytest.mark.parametrize("streamed", [False, True])
def test_a_message_has_its_id_reasoning_stop_reason_and_usage(
    streamed: bool, play: Callable[..., Served]
) -> None:
    usage = {"prompt_tokens": 1200, "completion_tokens": 30, "cached_tokens": 1000}
    served = play(
        {
            "type": "assistant",
            "text": "Cut",
            "reasoning": "Hm.",
            "finish_reason": "length",
            "usage": usage,
        }
    )
    with _model(served) as model:
        message = ask(model, [HumanMessage("Go.")], streamed)
    reasoning = [block for block in message.content_blocks if block["type"] == "reasoning"]
    assert [(block["reasoning"], bool(block["extras"]["signature"])) for block in reasoning] == [
        ("Hm.", True)
    ]
    assert message.text == "Cut"
    assert message.response_metadata["stop_reason"] == "max_tokens"
    if not streamed:  # LangChain drops the id of a streamed message
        assert message.response_metadata["id"].startswith("msg_llmsim_")
    found = message.usage_metadata
    assert (
        found["input_tokens"],
        found["output_tokens"],
        found["input_token_details"]["cache_read"],
    ) == (1200, 30, 1000)
