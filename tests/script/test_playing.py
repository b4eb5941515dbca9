"""What turns answer, and which turn answers at which position."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.conversation import Request
from llmsim.errors import exhausted_message
from llmsim.reply import Failure, Reply, Text, ToolCall
from llmsim.script import (
    Assistant,
    Call,
    Echo,
    Error,
    InvalidRequest,
    Lorem,
    Mixed,
    Other,
    RateLimit,
    Refusal,
    Script,
    Template,
    Timeout,
    ToolCalls,
    Usage,
)
from llmsim.script.turns import Turn
from tests.narrowing import of_type

SILENCE = Request()
THREE = [Assistant("a"), Assistant("b"), Assistant("c")]


@pytest.mark.parametrize(
    ("on_exhausted", "indexes"),
    [
        ("repeat_last", [0, 1, 2, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0, 1]),
        ("error", [0, 1, 2, None, None, None, None, None]),
    ],
)
def test_each_position_has_its_turn(on_exhausted: str, indexes: list[int | None]) -> None:
    script = Script(THREE, on_exhausted)
    assert [script.index(position) for position in range(8)] == indexes
    for position, index in enumerate(indexes):
        if index is not None:
            assert script.play(position, SILENCE) == THREE[index].play(str(position), SILENCE)


def test_positions_may_grow_without_bound() -> None:
    assert Script(THREE, "loop").index(3 * 10**30 + 1) == 1
    assert Script(THREE).index(10**30) == 2


@pytest.mark.parametrize("turns", [1, 3])
def test_an_exhausted_script_answers_500_and_asks_clients_not_to_retry(turns: int) -> None:
    script = Script(THREE[:turns], "error")
    assert script.play(turns, SILENCE) == Failure(
        500,
        "exhausted",
        exhausted_message(turns),
        code="script_exhausted",
        headers={"x-should-retry": "false"},
    )


@pytest.mark.parametrize(
    ("turn", "answer"),
    [
        (Assistant("Hello"), Reply((Text("Hello"),))),
        (Assistant(""), Reply((Text(""),))),
        (
            ToolCalls([Call("a", {"k": 1})]),
            Reply((ToolCall("call_llmsim_7_0", "a", {"k": 1}, '{"k":1}'),)),
        ),
        (
            ToolCalls([Call("a"), Call("b", None, "x"), Call("c", [1.5])]),
            Reply(
                (
                    ToolCall("call_llmsim_7_0", "a", {}, "{}"),
                    ToolCall("x", "b", None, "null"),
                    ToolCall("call_llmsim_7_2", "c", [1.5], "[1.5]"),
                )
            ),
        ),
        (
            Mixed("t", [Call("a", "s")]),
            Reply((Text("t"), ToolCall("call_llmsim_7_0", "a", "s", '"s"'))),
        ),
        (Mixed("t", [Call("a", "s", "x")]), Reply((Text("t"), ToolCall("x", "a", "s", '"s"')))),
        (
            Error(RateLimit()),
            Failure(
                429,
                "rate_limit",
                "Rate limit exceeded. Please retry after some time.",
                code="rate_limit_exceeded",
            ),
        ),
        (Error(RateLimit("m")), Failure(429, "rate_limit", "m", code="rate_limit_exceeded")),
        (Error(Timeout()), Failure(504, "timeout", "Request timed out", code="timeout")),
        (Error(Timeout("m")), Failure(504, "timeout", "m", code="timeout")),
        (Error(InvalidRequest("m")), Failure(400, "invalid_request", "m")),
        (Error(Other("m")), Failure(500, "other", "m")),
        (Error(Other("m", 418)), Failure(418, "other", "m")),
    ],
)
def test_a_turn_answers_what_it_says(turn: Turn, answer: Any) -> None:
    assert turn.play("7", SILENCE) == answer


@pytest.mark.parametrize("on_exhausted", ["repeat_last", "loop"])
def test_generated_ids_never_come_twice_and_explicit_ones_stay(on_exhausted: str) -> None:
    script = Script([ToolCalls([Call("a"), Call("b"), Call("c", id="mine")])], on_exhausted)
    replies = [of_type(Reply, script.play(position, SILENCE)) for position in range(50)]
    ids = [call.id for reply in replies for call in reply.calls]
    assert ids.count("mine") == 50
    generated = [each for each in ids if each != "mine"]
    assert len(set(generated)) == len(generated) == 100
    assert generated[:3] == ["call_llmsim_0_0", "call_llmsim_0_1", "call_llmsim_1_0"]


@pytest.mark.parametrize(
    "turn",
    [
        Assistant("x"),
        ToolCalls([Call("a", id="1")]),
        Mixed("x", [Call("a", id="1")]),
        Refusal("x"),
        Lorem(5),
        Assistant("x", reasoning="r", finish_reason="length", usage=Usage(1)),
        Error(RateLimit()),
    ],
)
def test_a_turn_that_is_the_same_everywhere_is_made_once(turn: Turn) -> None:
    assert turn.play("0", SILENCE) is turn.play("1", SILENCE)


def test_only_what_takes_something_from_its_request_reads_it() -> None:
    value = Call("a", {"b": [{"$value": "model"}]}, "1")
    reading = [Echo(), Template("x"), ToolCalls([Call("a"), value]), Mixed("x", [value])]
    assert all(turn.reads_request for turn in reading)
    others = [Assistant("{{ model }}"), ToolCalls([Call("a", "{{ model }}")]), Error(RateLimit())]
    assert not any(turn.reads_request for turn in others)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}'),
        ("é\u2028", '"é\u2028"'),
        (10**40, "1" + "0" * 40),
        (0.1, "0.1"),
        ({}, "{}"),
    ],
)
def test_arguments_are_compact_json_with_letters_as_they_are(arguments: Any, text: str) -> None:
    assert Call("a", arguments).arguments_json == text
