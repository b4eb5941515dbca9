from __future__ import annotations

import json

import pytest

from tests.wire.cases import CASES, GOLDENS, PLAIN, STAMP, STREAMED, Case
from tests.wire.frames import frames, json_frames

RESPONSES_STREAMS = [case for case in STREAMED if case.api != "chat"]
CHAT_STREAMS = [case for case in STREAMED if case.api == "chat"]
ENDS_WITH_DONE = {"chat": True, "responses": False, "openresponses": True}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_is_byte_for_byte_its_golden(case: Case) -> None:
    assert case.rendered() == case.path.read_bytes(), "if the change is meant: python -m tests.wire.regenerate"


def test_every_golden_belongs_to_a_case() -> None:
    assert {path for path in GOLDENS.glob("*/*")} == {case.path for case in CASES}


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_a_plain_answer_is_compact_ascii_json(case: Case) -> None:
    body = case.path.read_bytes()
    assert body.isascii()
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() == body


@pytest.mark.parametrize("case", STREAMED, ids=str)
def test_every_frame_is_ascii_with_lf_line_ends_and_one_data_line(case: Case) -> None:
    stream = case.path.read_bytes()
    assert stream.isascii()
    assert b"\r" not in stream
    assert frames(stream)  # refuses a frame of any other shape


@pytest.mark.parametrize("case", STREAMED, ids=str)
def test_done_ends_the_streams_of_the_apis_that_have_it_and_stands_nowhere_else(case: Case) -> None:
    done = [frame.data == "[DONE]" for frame in frames(case.path.read_bytes())]
    assert done[-1] is ENDS_WITH_DONE[case.api]
    assert not any(done[:-1])


@pytest.mark.parametrize("case", CHAT_STREAMS, ids=str)
def test_chat_frames_have_no_event_line(case: Case) -> None:
    assert {frame.name for frame in frames(case.path.read_bytes())} == {None}


@pytest.mark.parametrize("case", RESPONSES_STREAMS, ids=str)
def test_responses_frames_are_named_by_their_type_and_numbered_from_zero(case: Case) -> None:
    events = [frame for frame in frames(case.path.read_bytes()) if frame.data != "[DONE]"]
    assert [frame.name for frame in events] == [frame.value["type"] for frame in events]
    assert [frame.value["sequence_number"] for frame in events] == list(range(len(events)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_id_of_an_answer_carries_generation_and_position(case: Case) -> None:
    body = case.path.read_bytes()
    first = json_frames(body)[0] if case.streamed else json.loads(body)
    expected = f"chatcmpl-llmsim-{STAMP.serial}" if case.api == "chat" else f"resp_llmsim_{STAMP.generation}_{STAMP.position}"
    assert first.get("response", first)["id"] == expected


@pytest.mark.parametrize("case", CHAT_STREAMS, ids=str)
def test_a_chat_chunk_has_a_usage_key_only_where_usage_was_asked_for_and_the_last_one_has_the_figures(case: Case) -> None:
    chunks = json_frames(case.path.read_bytes())
    if not case.extra:
        assert not any("usage" in chunk for chunk in chunks)
        return
    *others, last = chunks
    assert all(chunk["usage"] is None for chunk in others)
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == STAMP.usage.prompt


@pytest.mark.parametrize("case", [case for case in CASES if "n" in case.extra], ids=str)
def test_several_choices_cost_the_prompt_once_and_the_completion_each(case: Case) -> None:
    body = case.path.read_bytes()
    usage = (json_frames(body)[-1] if case.streamed else json.loads(body))["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (20, 24, 44)


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_an_empty_text_is_one_empty_part_without_a_delta(api: str) -> None:
    kinds = [event["type"] for event in json_frames((GOLDENS / api / "text_empty.sse").read_bytes())]
    assert "response.content_part.added" in kinds
    assert "response.output_text.delta" not in kinds


def test_an_empty_text_in_chat_is_a_role_chunk_and_a_finish_chunk() -> None:
    chunks = json_frames((GOLDENS / "chat" / "text_empty.sse").read_bytes())
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [{"role": "assistant", "content": "", "refusal": None}, {}]


def test_the_role_chunk_of_a_turn_without_text_has_no_content() -> None:
    first = json_frames((GOLDENS / "chat" / "tool_call.sse").read_bytes())[0]
    assert first["choices"][0]["delta"]["content"] is None


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_items_have_ids_of_their_own_apart_from_the_call_id(api: str) -> None:
    output = json.loads((GOLDENS / api / "mixed.json").read_bytes())["output"]
    serial = f"{STAMP.generation}_{STAMP.position}"
    assert [item["id"] for item in output] == [f"msg_llmsim_{serial}", f"fc_llmsim_{serial}_0", f"fc_llmsim_{serial}_1"]
    assert [item["call_id"] for item in output[1:]] == ["call_llmsim_7_0", "call_llmsim_7_1"]
