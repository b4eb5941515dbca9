"""The anthropic SDK runs a tool loop to its end, with a 429 and a 529 on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic, beta_tool
from anthropic.types import TextBlock
from anthropic.types.beta import BetaTextBlock

from tests.narrowing import of_type, present
from tests.running import text
from tests.sdk.said import Called
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
from tests.sdk.ways import ANTHROPIC_WAYS, Way, run_tool_loop, tool_results

USER: Any = {"role": "user", "content": "Go."}
ONE = [Called("call_llmsim_0_0", "read_file", READ_A)]
TWO = [
    Called("call_llmsim_2_0", "read_file", READ_B),
    Called("call_llmsim_2_1", "write_file", WRITE),
]


@pytest.mark.parametrize("way", ANTHROPIC_WAYS, ids=str)
def test_a_tool_loop_ends_and_the_retries_of_a_429_and_a_529_take_the_turns_after_them(
    way: Way, play: Callable[..., Served]
) -> None:
    served = play(*ROUGH_TOOL_LOOP)
    with way.open(served.origin) as ask:
        said = run_tool_loop(ask, way)
    found = [(answer.text, answer.calls, answer.ended) for answer in said]
    assert found == [
        (None, ONE, "tool_use"),
        (ROUGH_TOOL_LOOP[2]["text"], TWO, "tool_use"),
        ("All done.", [], "end_turn"),
    ]
    assert [answer.id.rpartition("_")[2] for answer in said] == ["0", "2", "4"]
    assert served.position() == 5


@pytest.mark.parametrize("way", ANTHROPIC_WAYS, ids=str)
def test_a_429_and_a_529_are_raised_where_the_client_does_not_retry_and_the_loop_goes_on_after_them(
    way: Way, play: Callable[..., Served]
) -> None:
    served = play(*ROUGH_TOOL_LOOP[:2], OVERLOADED, text("All done."))
    with way.open(served.origin, max_retries=0) as ask:
        first = ask([USER])
        history = [USER, *first.items, *tool_results(way.api, first.calls)]
        with pytest.raises(anthropic.RateLimitError) as limited:
            ask(history)
        with pytest.raises(anthropic.OverloadedError) as overloaded:
            ask(history)
        assert ask(history).text == "All done."
    for position, raised in enumerate((limited, overloaded), 1):
        headers = raised.value.response.headers
        assert (headers["x-llmsim-position"], headers["x-llmsim-turn"]) == (
            str(position),
            str(position),
        )
        assert headers["content-type"] == "application/json"
        assert headers["request-id"] == raised.value.request_id
        assert present(raised.value.request_id).startswith("req_")
    waits = {
        name: value
        for name, value in limited.value.response.headers.items()
        if name.startswith(("retry-", "anthropic-"))
    }
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", waits.pop("anthropic-ratelimit-requests-reset")
    )
    assert waits == {
        "retry-after": "0",
        "retry-after-ms": "1",
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "0",
    }
    assert not [
        name
        for name in overloaded.value.response.headers
        if name.startswith(("retry-", "anthropic-"))
    ]


def test_the_sdk_gives_up_after_three_turns_of_errors_and_after_one_that_is_no_use_to_repeat(
    play: Callable[..., Served],
) -> None:
    served = play(
        RATE_LIMIT,
        OVERLOADED,
        RATE_LIMIT,
        {"type": "error", "kind": "invalid_request", "message": "no"},
        text("after"),
    )
    with Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
        for exception, position in (
            (anthropic.RateLimitError, "2"),
            (anthropic.BadRequestError, "3"),
        ):
            with pytest.raises(exception) as raised:
                client.messages.create(model=CLAUDE, max_tokens=9, messages=[USER])
            assert raised.value.response.headers["x-llmsim-position"] == position
        after = client.messages.create(model=CLAUDE, max_tokens=9, messages=[USER]).content[0]
        assert of_type(TextBlock, after).text == "after"


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdks_tool_runner_runs_each_tool_with_its_arguments_and_ends_with_the_last_turn(
    stream: bool, play: Callable[..., Served]
) -> None:
    ran: list[Any] = []

    @beta_tool
    def read_file(path: str) -> str:
        """Read a file."""
        ran.append({"path": path})
        return f"contents of {path}"

    @beta_tool
    def write_file(path: str, lines: list[str]) -> str:
        """Write a file."""
        ran.append({"path": path, "lines": lines})
        return "written"

    served = play(*ROUGH_TOOL_LOOP)
    with Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
        tools: list[Any] = [read_file, write_file]
        runner = client.beta.messages.tool_runner(
            model=CLAUDE, max_tokens=99, messages=[USER], tools=tools, stream=stream
        )
        last = runner.until_done()
    assert of_type(BetaTextBlock, last.content[0]).text == "All done."
    assert ran[0] == READ_A
    assert sorted(ran[1:], key=str) == sorted([READ_B, WRITE], key=str)
    assert served.position() == 5
