"""Ids that llmsim makes are taken apart into what they were made of."""

from __future__ import annotations

import time

import pytest

from llmsim.made_ids import (
    KINDS,
    MADE,
    MADE_CALL,
    MadeId,
    found_in,
    generation_mark,
    made_call_id,
    made_id,
    made_item_id,
    serial_of,
    taken_apart,
)
from tests.each import for_each

GENERATION = "00c0ffee00c0ffee"
BY_ARRIVAL = (GENERATION, "7")
BY_HISTORY = (GENERATION, "7", "1", "3")
CALLS = ["call_llmsim_7_2", "call_llmsim_00c0ff_7_1_3_2"]


@for_each("marks", [BY_ARRIVAL, BY_HISTORY])
@for_each("kind", ["msg", "rs", "resp"])
def test_an_id_says_its_answer(kind: str, marks: tuple[str, ...]) -> None:
    name = made_id(kind, marks)
    made = taken_apart(name)
    assert made is not None
    assert (made.text, made.kind, made.generation, made.position) == (name, kind, GENERATION, 7)
    assert (made.marks, made.call) == (marks, -1)


@for_each("marks", [BY_ARRIVAL, BY_HISTORY])
@for_each("kind", ["fc", "ctc"])
def test_the_id_of_a_calls_item_says_its_answer_and_the_call(
    kind: str, marks: tuple[str, ...]
) -> None:
    made = taken_apart(made_item_id(kind, marks, 2))
    assert made is not None
    assert (made.kind, made.marks, made.call) == (kind, marks, 2)


def test_a_call_id_says_the_position_and_by_history_where_its_conversation_stands() -> None:
    names = [made_call_id(serial_of(marks), 2) for marks in (BY_ARRIVAL, BY_HISTORY)]
    assert names == CALLS
    assert all(name.startswith(MADE_CALL) for name in names)
    by_arrival, by_history = map(taken_apart, names)
    assert by_arrival == MadeId(CALLS[0], "call", "", 7, call=2)
    assert by_history == MadeId(CALLS[1], "call", "00c0ff", 7, 1, 3, 2)


@for_each("name", CALLS)
def test_a_call_id_of_another_choice_says_the_same(name: str) -> None:
    made, other = taken_apart(name), taken_apart(f"{name}_1")
    assert made is not None
    assert other == made._replace(text=f"{name}_1")


def test_a_position_of_six_digits_is_no_generation() -> None:
    assert taken_apart("call_llmsim_123456_0_1") == MadeId(
        "call_llmsim_123456_0_1", "call", "", 123456, call=0
    )


@for_each("kind", KINDS)
def test_every_kind_is_known_in_an_id(kind: str) -> None:
    name = f"{kind}{MADE}{GENERATION}_7"
    assert (taken_apart(name) or taken_apart(f"{name}_0")) is not None


def test_a_generation_has_16_hex_digits() -> None:
    assert generation_mark(0xC0FFEE00C0FFEE) == GENERATION


def test_an_id_may_be_of_each_generation_that_begins_as_it_says() -> None:
    by_arrival, by_history = map(taken_apart, CALLS)
    whole = taken_apart(made_id("msg", BY_ARRIVAL))
    assert by_arrival is not None
    assert by_history is not None
    assert whole is not None
    another, alike = "0" * 16, "00c0ff" + "0" * 10
    for made, told in ((whole, ""), (by_history, alike), (by_arrival, alike + another)):
        assert made.may_be_of(GENERATION)
        assert made.may_be_of(alike) == (alike in told)
        assert made.may_be_of(another) == (another in told)


def test_ids_beside_one_another_are_those_of_one_answer() -> None:
    call = taken_apart(CALLS[1])
    assert call is not None
    for marks, is_beside in (
        (BY_HISTORY, True),
        ((GENERATION, "8", "1", "3"), False),
        (("0" * 16, "7", "1", "3"), False),
    ):
        other = taken_apart(made_id("msg", marks))
        assert other is not None
        assert call.is_beside(other) == is_beside


@for_each(
    "name",
    [
        "",
        MADE_CALL,
        "resp_1",
        "fc_llmsim_",
        "cell_llmsim_7_2",
        "xcall_llmsim_7_2",
        f"chatcmpl-llmsim-{GENERATION}-7",
        f"resp_llmsim_{GENERATION}",
        f"resp_llmsim_{GENERATION}_x",
        f"resp_llmsim_{GENERATION}_-1",
        f"resp_llmsim_{GENERATION}_{'1' * 19}",
        f"resp_llmsim_{GENERATION}_1_2",
        f"resp_llmsim_{GENERATION}_1_2_3_4",
        f"fc_llmsim_{GENERATION}_1",
        f"fc_llmsim_{GENERATION}_1_٣",
        f"call_llmsim_00c0ff_7_1_{'9' * 5000}_2",
        "call_llmsim_00c0ff_7_1_3_2_0_0",
        "call_llmsim_00c0ff_7_1_3_2\ud800",
        "call_llmsim_00c0ff_7_1_3_2\n",
    ],
)
def test_an_id_that_nobody_made_says_nothing(name: str) -> None:
    assert taken_apart(name) is None


def test_ids_by_history_are_found_in_a_text() -> None:
    by_arrival, by_history = CALLS
    item, message = made_item_id("fc", BY_HISTORY, 2), made_id("msg", BY_HISTORY)
    text = f"[{{'id': '{by_history}'}}, {item}, {by_arrival}, {by_history}_x] {message}."
    assert [made.text for made in found_in(text)] == [by_history, item, message]


@pytest.mark.parametrize(
    "text",
    ["a" * 10**6 + MADE, "call" * 250_000 + MADE, f"{CALLS[1]}{'_1' * 10**6}", "7" * 10**6],
)
def test_no_text_takes_long(text: str) -> None:
    """To begin anew at each letter would take hours here."""
    started = time.process_time()
    assert list(found_in(text)) == []
    assert taken_apart(text) is None
    assert taken_apart(MADE_CALL + text) is None
    assert time.process_time() - started < 1
