from __future__ import annotations

import json
import re
from typing import Any

import pytest

from llmsim.script.turns import TURN_TYPES
from tests.each import for_each
from tests.requests import RENDERERS
from tests.wire.cases import CASES, GOLDENS, PLAIN, REPLIES, STAMP, STREAMED, TURNS, Case
from tests.wire.frames import frames, json_frames

RESPONSES_STREAMS = [case for case in STREAMED if case.api in ("responses", "openresponses")]
ANTHROPIC_STREAMS = [case for case in STREAMED if case.api == "anthropic"]
CHAT_STREAMS = [case for case in STREAMED if case.api == "chat"]
ENDS_WITH_DONE = {"chat": True, "responses": False, "openresponses": True, "anthropic": False}


@for_each("case", CASES)
def test_an_answer_is_byte_for_byte_its_golden(case: Case) -> None:
    assert case.rendered() == case.path.read_bytes(), (
        "if the change is meant: python -m tests.wire.regenerate"
    )


def test_every_api_has_every_turn_plain_and_streamed() -> None:
    wanted = {
        (api, turn, streamed)
        for api in RENDERERS
        for turn in (*REPLIES, *TURNS)
        for streamed in (False, True)
    }
    assert wanted == {(case.api, case.turn, case.streamed) for case in CASES}
    assert {type(turn) for turn in TURNS.values()} == {
        schema.makes for name, schema in TURN_TYPES.items() if name != "error"
    }


def test_every_golden_belongs_to_a_case() -> None:
    assert len({case.path for case in CASES}) == len(CASES)
    assert {path for path in GOLDENS.glob("*/*")} == {case.path for case in CASES}


@for_each("case", PLAIN)
def test_a_plain_answer_is_compact_ascii_json(case: Case) -> None:
    body = case.rendered()
    assert body.isascii()
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() == body


@for_each("case", STREAMED)
def test_every_frame_is_ascii_with_lf_line_ends_and_one_data_line(case: Case) -> None:
    stream = case.rendered()
    assert stream.isascii()
    assert b"\r" not in stream
    assert frames(stream)  # refuses a frame of any other shape


@for_each("case", STREAMED)
def test_done_ends_the_streams_of_the_apis_that_have_it_and_stands_nowhere_else(case: Case) -> None:
    done = [frame.data == "[DONE]" for frame in frames(case.rendered())]
    assert done[-1] is ENDS_WITH_DONE[case.api]
    assert not any(done[:-1])


@for_each("case", CHAT_STREAMS)
def test_chat_frames_have_no_event_line(case: Case) -> None:
    assert {frame.name for frame in frames(case.rendered())} == {None}


@for_each("case", ANTHROPIC_STREAMS)
def test_anthropic_frames_are_named_by_their_type_in_the_order_that_the_api_gives(
    case: Case,
) -> None:
    found = frames(case.rendered())
    assert [frame.name for frame in found] == [frame.value["type"] for frame in found]
    names = " ".join(str(frame.name) for frame in found)
    block = "content_block_start( ping)?( content_block_delta)* content_block_stop "
    assert re.fullmatch(f"message_start ({block})*message_delta message_stop", names)


@for_each("case", ANTHROPIC_STREAMS)
def test_a_ping_follows_the_start_of_the_first_block(case: Case) -> None:
    names = [frame.name for frame in frames(case.rendered())]
    has_blocks = "content_block_start" in names
    assert names.count("ping") == has_blocks
    assert not has_blocks or names[1:3] == ["content_block_start", "ping"]


@for_each("case", ANTHROPIC_STREAMS)
def test_a_tool_input_grows_from_an_empty_piece_and_a_thought_ends_with_its_signature(
    case: Case,
) -> None:
    events = json_frames(case.rendered())
    for start in (event for event in events if event["type"] == "content_block_start"):
        deltas = [
            event["delta"]
            for event in events
            if event["type"] == "content_block_delta" and event["index"] == start["index"]
        ]
        kind = start["content_block"]["type"]
        if kind == "tool_use":
            assert start["content_block"]["input"] == {}
            assert deltas[0] == {"type": "input_json_delta", "partial_json": ""}
        elif kind == "thinking":
            assert (start["content_block"]["thinking"], start["content_block"]["signature"]) == (
                "",
                "",
            )
            assert [delta["type"] for delta in deltas] == ["thinking_delta"] * (len(deltas) - 1) + [
                "signature_delta"
            ]
            assert deltas[-1]["signature"]
        else:
            assert start["content_block"] == {"type": "text", "text": ""}
            assert {delta["type"] for delta in deltas} == {"text_delta"}


@for_each("case", [case for case in CASES if case.api == "anthropic"])
def test_an_anthropic_refusal_has_stop_details_and_nothing_else_has(case: Case) -> None:
    body = case.rendered()
    stop = json_frames(body)[-2]["delta"] if case.streamed else json.loads(body)
    details = {"type": "refusal", "category": None, "explanation": None}
    assert stop.get("stop_details") == (details if stop["stop_reason"] == "refusal" else None)
    assert ("stop_details" in stop) is (stop["stop_reason"] == "refusal")


@for_each("case", ANTHROPIC_STREAMS)
def test_no_count_of_an_anthropic_stream_falls(case: Case) -> None:
    events = json_frames(case.rendered())
    start, end = events[0]["message"]["usage"], events[-2]["usage"]
    assert start["input_tokens"] == end["input_tokens"]
    assert start["output_tokens"] <= end["output_tokens"] == case.usage.completion
    thinking = [usage["output_tokens_details"]["thinking_tokens"] for usage in (start, end)]
    assert thinking == [0, case.usage.reasoning]


@pytest.mark.parametrize("turn", ["text_empty", "refusal_empty"])
def test_an_empty_text_is_no_block_for_anthropic(turn: str) -> None:
    assert json.loads(Case("anthropic", turn, False).rendered())["content"] == []
    names = [frame.name for frame in frames(Case("anthropic", turn, True).rendered())]
    assert names == ["message_start", "message_delta", "message_stop"]


@pytest.mark.parametrize(
    ("turn", "value"),
    [
        ("null", None),
        ("boolean", False),
        ("list", [1, "two", {"three": 3.5}]),
        ("string", 'say "hi"'),
    ],
)
def test_arguments_that_are_no_object_are_a_value_for_anthropic(turn: str, value: Any) -> None:
    [block] = json.loads(Case("anthropic", f"arguments_{turn}", False).rendered())["content"]
    assert block["input"] == {"value": value}


@for_each("case", RESPONSES_STREAMS)
def test_responses_frames_are_named_by_their_type_and_numbered_from_zero(case: Case) -> None:
    events = [frame for frame in frames(case.rendered()) if frame.data != "[DONE]"]
    assert [frame.name for frame in events] == [frame.value["type"] for frame in events]
    assert [frame.value["sequence_number"] for frame in events] == list(range(len(events)))


@for_each("case", CASES)
def test_the_id_of_an_answer_carries_generation_and_position(case: Case) -> None:
    body = case.rendered()
    first = json_frames(body)[0] if case.streamed else json.loads(body)
    underscored = "_".join(STAMP.marks)
    ids = {
        "chat": f"chatcmpl-llmsim-{'-'.join(STAMP.marks)}",
        "anthropic": f"msg_llmsim_{underscored}",
    }
    assert first.get("response", first.get("message", first))["id"] == ids.get(
        case.api, f"resp_llmsim_{underscored}"
    )


@for_each("case", CHAT_STREAMS)
def test_a_chat_chunk_has_a_usage_key_only_where_usage_was_asked_for(
    case: Case,
) -> None:
    chunks = json_frames(case.rendered())
    if "stream_options" not in case.extra:
        assert not any("usage" in chunk for chunk in chunks)
        return
    *others, last = chunks
    assert all(chunk["usage"] is None for chunk in others)
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == case.usage.prompt


@pytest.mark.parametrize("case", [case for case in CASES if "n" in case.extra], ids=str)
def test_several_choices_cost_the_prompt_once_and_the_completion_each(case: Case) -> None:
    body = case.rendered()
    usage = (json_frames(body)[-1] if case.streamed else json.loads(body))["usage"]
    prompt, completion = case.usage.prompt, 2 * case.usage.completion
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (
        prompt,
        completion,
        prompt + completion,
    )
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 2 * case.usage.reasoning


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_an_empty_text_is_one_empty_part_without_a_delta(api: str) -> None:
    kinds = [event["type"] for event in json_frames(Case(api, "text_empty", True).rendered())]
    assert "response.content_part.added" in kinds
    assert "response.output_text.delta" not in kinds


def test_an_empty_text_in_chat_is_a_role_chunk_and_a_finish_chunk() -> None:
    chunks = json_frames(Case("chat", "text_empty", True).rendered())
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "", "refusal": None},
        {},
    ]


def test_the_role_chunk_of_a_turn_without_text_has_no_content() -> None:
    first = json_frames(Case("chat", "tool_call", True).rendered())[0]
    assert first["choices"][0]["delta"]["content"] is None


@pytest.mark.parametrize("api", ["responses", "openresponses"])
@pytest.mark.parametrize(
    ("turn", "event"),
    [("refusal", "response.refusal.delta"), ("reasoning", "response.reasoning_summary_text.delta")],
)
def test_a_refusal_and_a_reasoning_come_in_events_of_their_own(
    api: str, turn: str, event: str
) -> None:
    def kinds(name: str) -> list[str]:
        return [each["type"] for each in json_frames(Case(api, name, True).rendered())]

    assert kinds(turn).count(event) > 1
    assert event not in kinds(f"{turn}_empty") + kinds("mixed")


def test_a_chat_stream_reasons_before_it_speaks() -> None:
    deltas = [
        chunk["choices"][0]["delta"]
        for chunk in json_frames(Case("chat", "reasoning_mixed", True).rendered())
    ]
    keys = [key for delta in deltas[1:-1] for key in delta]
    order = ["reasoning_content", "content", "tool_calls"]
    assert set(keys) == set(order)
    assert keys == sorted(keys, key=order.index)


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_a_reasoning_item_has_an_id_of_its_own_and_is_the_first(api: str) -> None:
    output = json.loads(Case(api, "reasoning_mixed", False).rendered())["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call"]
    assert output[0]["id"] == f"rs_llmsim_{'_'.join(STAMP.marks)}"


@pytest.mark.parametrize("api", RENDERERS)
def test_an_echo_repeats_what_its_request_said(api: str) -> None:
    assert b"You said: Hi" in Case(api, "echo", False).rendered()


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_items_have_ids_of_their_own_apart_from_the_call_id(api: str) -> None:
    output = json.loads(Case(api, "mixed", False).rendered())["output"]
    serial = "_".join(STAMP.marks)
    assert [item["id"] for item in output] == [
        f"msg_llmsim_{serial}",
        f"fc_llmsim_{serial}_0",
        f"fc_llmsim_{serial}_1",
    ]
    assert [item["call_id"] for item in output[1:]] == ["call_llmsim_7_0", "call_llmsim_7_1"]
