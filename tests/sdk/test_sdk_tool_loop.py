"""The openai SDK runs a tool loop to its end, with a 429 on the way."""

from __future__ import annotations

import pytest
from openai import RateLimitError

from tests.sdk.said import Called
from tests.sdk.scripted import READ_A, READ_B, TOOL_LOOP, WRITE, Served
from tests.sdk.ways import WAYS, Way, run_tool_loop, tool_results

TURNS = TOOL_LOOP


def _expected(start: int, api: str) -> list[tuple[str | None, list[Called], str]]:
    """Three answers: the retry of the 429 at `start + 1` has taken the turn after it."""
    with_calls, without = ("tool_calls", "stop") if api == "chat" else ("completed", "completed")
    two = [
        Called(f"call_llmsim_{start + 2}_0", "read_file", READ_B),
        Called(f"call_llmsim_{start + 2}_1", "write_file", WRITE),
    ]
    return [
        (None, [Called(f"call_llmsim_{start}_0", "read_file", READ_A)], with_calls),
        (TOOL_LOOP[2]["text"], two, with_calls),
        ("All done.", [], without),
    ]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_tool_loop_ends_and_the_retry_of_a_429_takes_the_next_turn(
    way: Way, served: Served, start: int
) -> None:
    with way.open(served.server.origin) as ask:
        said = run_tool_loop(ask, way)
    assert [(answer.text, answer.calls, answer.ended) for answer in said] == _expected(
        start, way.api
    )
    assert [int(answer.id.replace("-", "_").split("_")[-1]) for answer in said] == [
        start,
        start + 2,
        start + 3,
    ]
    assert served.position() == start + 4


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_429_is_raised_where_the_client_does_not_retry_and_the_loop_goes_on_after_it(
    way: Way, served: Served, start: int
) -> None:
    with way.open(served.server.origin, max_retries=0) as ask:
        first = ask([{"role": "user", "content": "Go."}])
        with pytest.raises(RateLimitError) as raised:
            ask(
                [
                    {"role": "user", "content": "Go."},
                    *first.items,
                    *tool_results(way.api, first.calls),
                ]
            )
        second = ask([{"role": "user", "content": "Go."}])
    headers = raised.value.response.headers
    found = {
        name: headers.get(name)
        for name in ("x-llmsim-position", "x-llmsim-turn", "retry-after", "content-type")
    }
    assert found == {
        "x-llmsim-position": str(start + 1),
        "x-llmsim-turn": "1",
        "retry-after": "0",
        "content-type": "application/json",
    }
    ratelimit = {name: value for name, value in headers.items() if name.startswith("x-ratelimit-")}
    assert ratelimit == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "0s",
    }
    assert (second.text, second.calls) == _expected(start, way.api)[1][:2]
