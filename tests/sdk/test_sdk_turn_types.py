"""What a model says beside text and calls arrives alike through every official SDK.

Reasoning, refusals, other ends, other usage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.narrowing import present
from tests.running import text
from tests.sdk.scripted import READ_A, READ_B, Served
from tests.sdk.ways import ALL_WAYS, Way, run_tool_loop

WAYS = [way for way in ALL_WAYS if way.client == "sync"]
# The openai SDK's own stream helpers raise where an answer was cut short, and the one of chat where
# it has half of an argument that is a string.
HELPLESS = [way for way in WAYS if way.api == "anthropic" or way.how != "helper"]

USER = {"role": "user", "content": [{"type": "text", "text": "Grüße \U0001f642"}]}
CALLS = [{"name": "read_file", "arguments": READ_A}, {"name": "read_file", "arguments": READ_B}]
WORDS = "I would rather not: \u2028\U0001f642."
THOUGHT = "First,\nsecond: ü."


class Row(NamedTuple):
    """A turn; text, reasoning and refusal of its answer.

    And how that ends on chat, responses and anthropic.
    """

    turn: dict[str, Any]
    text: str | None
    reasoning: str | None
    refusal: str | None
    ended: tuple[str, str, str]


_STOP = ("stop", "completed", "end_turn")
_TOOLS = ("tool_calls", "completed", "tool_use")
_LENGTH = ("length", "max_output_tokens", "max_tokens")
_FILTERED = ("content_filter", "content_filter", "refusal")

WHOLE = [
    Row(text(WORDS) | {"reasoning": THOUGHT}, WORDS, THOUGHT, None, _STOP),
    Row({"type": "tool_calls", "calls": CALLS, "reasoning": THOUGHT}, None, THOUGHT, None, _TOOLS),
    Row(
        {"type": "mixed", "text": WORDS, "calls": CALLS, "reasoning": THOUGHT},
        WORDS,
        THOUGHT,
        None,
        _TOOLS,
    ),
    Row({"type": "tool_calls", "calls": CALLS, "finish_reason": "stop"}, None, None, None, _STOP),
    Row({"type": "refusal", "text": WORDS}, None, None, WORDS, ("stop", "completed", "refusal")),
    Row(
        {"type": "refusal", "text": WORDS, "reasoning": THOUGHT},
        None,
        THOUGHT,
        WORDS,
        ("stop", "completed", "refusal"),
    ),
    Row(
        {"type": "echo", "prefix": "You said: ", "reasoning": THOUGHT},
        "You said: Grüße \U0001f642",
        THOUGHT,
        None,
        _STOP,
    ),
]
CUT_SHORT = [
    Row(text(WORDS) | {"finish_reason": "length"}, WORDS, None, None, _LENGTH),
    Row(
        text(WORDS) | {"finish_reason": "length", "reasoning": THOUGHT},
        WORDS,
        THOUGHT,
        None,
        _LENGTH,
    ),
    Row(text(WORDS) | {"finish_reason": "content_filter"}, WORDS, None, None, _FILTERED),
    Row(
        {"type": "mixed", "text": WORDS, "calls": CALLS, "finish_reason": "length"},
        WORDS,
        None,
        None,
        _LENGTH,
    ),
]


def _expected(row: Row, api: str, position: int) -> tuple[Any, ...]:
    """Anthropic has a refusal as text."""
    said = (row.text or row.refusal, row.reasoning, None) if api == "anthropic" else row[1:4]
    calls = [
        (f"call_llmsim_{position}_{index}", *call.values())
        for index, call in enumerate(row.turn.get("calls", ()))
    ]
    return (*said, calls, row.ended[("chat", "responses", "anthropic").index(api)])


def _assert_said(way: Way, rows: list[Row], play: Callable[..., Served]) -> None:
    with way.open(play(*(row.turn for row in rows)).origin) as ask:
        said = [ask([_user(way)]) for _ in rows]
    found = [
        (answer.text, answer.reasoning, answer.refusal, answer.calls, answer.ended)
        for answer in said
    ]
    assert found == [_expected(row, way.api, position) for position, row in enumerate(rows)]


def _user(way: Way) -> dict[str, Any]:
    return {"role": "user", "content": "Grüße \U0001f642"} if way.api == "responses" else USER


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_reasoning_refusals_and_echoes_reach_the_client(
    way: Way, play: Callable[..., Served]
) -> None:
    _assert_said(way, WHOLE, play)


@pytest.mark.parametrize("way", HELPLESS, ids=str)
def test_an_answer_that_was_cut_short_says_why(way: Way, play: Callable[..., Served]) -> None:
    _assert_said(way, CUT_SHORT, play)


@pytest.mark.parametrize("way", HELPLESS, ids=str)
def test_arguments_that_are_no_object_are_one_only_for_anthropic(
    way: Way, play: Callable[..., Served]
) -> None:
    values: list[Any] = [{}, [1, {"ä": None}], "text", 5, 1.5, True, None, {"value": 1}]
    with way.open(
        play(
            {
                "type": "tool_calls",
                "calls": [{"name": "read_file", "arguments": value} for value in values],
            }
        ).origin
    ) as ask:
        found = [call.arguments for call in ask([_user(way)]).calls]
    assert found == (
        [value if isinstance(value, dict) else {"value": value} for value in values]
        if way.api == "anthropic"
        else values
    )


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_tool_loop_sends_the_reasoning_back_and_goes_on(
    way: Way, play: Callable[..., Served]
) -> None:
    served = play(
        {"type": "mixed", "text": "Reading.", "calls": CALLS, "reasoning": THOUGHT},
        text("Done.") | {"reasoning": "Now I know."},
    )
    with way.open(served.origin, max_retries=0) as ask:
        said = run_tool_loop(ask, way)
    found = [
        (answer.reasoning, answer.text, [call.arguments for call in answer.calls])
        for answer in said
    ]
    assert found == [(THOUGHT, "Reading.", [READ_A, READ_B]), ("Now I know.", "Done.", [])]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_usage_is_as_the_script_says_and_anthropics_input_leaves_the_cache_out(
    way: Way, play: Callable[..., Served]
) -> None:
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 34,
        "reasoning_tokens": 5,
        "cached_tokens": 1000,
    }
    served = play(
        text("Hi") | {"usage": usage},
        {"type": "lorem", "tokens": 40},
        {"type": "lorem", "tokens": 40, "seed": 1},
    )
    with way.open(served.origin) as ask:
        first, *lorem = (ask([_user(way)]) for _ in range(3))
    assert len({answer.text for answer in lorem}) == 2
    if first.usage is None:
        assert (way.api, way.how) in (
            ("chat", "streamed"),
            ("chat", "helper"),
        )  # there only where it is asked for
        return
    assert first.usage == ((200, 34, 1000) if way.api == "anthropic" else (1200, 34, 1000))
    assert [present(answer.usage)[1:] for answer in lorem] == [(40, 0), (40, 0)]
