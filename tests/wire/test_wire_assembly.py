"""A stream, put together again by hand, is the plain answer."""

from __future__ import annotations

import json
from typing import Any

from tests.each import for_each
from tests.wire import assemble, said
from tests.wire.cases import PLAIN, STREAMED, Case
from tests.wire.frames import json_frames


def _asked(case: Case) -> dict[str, Any]:
    """What the request asks of a plain answer as well."""
    return {name: value for name, value in case.extra.items() if name != "stream_options"}


PAIRS = [
    (streamed, plain)
    for streamed in STREAMED
    for plain in PLAIN
    if (streamed.api, streamed.turn, _asked(streamed)) == (plain.api, plain.turn, _asked(plain))
]
CHAT = [pair for pair in PAIRS if pair[0].api == "chat"]
RESPONSES_PLAIN = [case for case in PLAIN if case.api in ("responses", "openresponses")]
RESPONSES = [pair for pair in PAIRS if pair[0].api in ("responses", "openresponses")]
ANTHROPIC = [pair for pair in PAIRS if pair[0].api == "anthropic"]


def test_every_stream_has_its_plain_answer() -> None:
    assert len(PAIRS) == len(STREAMED)


@for_each(("streamed", "plain"), CHAT)
def test_a_chat_stream_adds_up_to_the_plain_completion(streamed: Case, plain: Case) -> None:
    payload = json.loads(plain.rendered())
    assembled = assemble.chat_completion(json_frames(streamed.rendered()))
    assert assembled.pop("usage") in (None, payload["usage"])
    choices = assembled.pop("choices")
    assert assembled == {name: payload[name] for name in assembled}
    assert sorted(choices) == [choice["index"] for choice in payload["choices"]]
    for choice in payload["choices"]:
        message = choice["message"]
        told = {name: message.get(name) for name in ("content", "refusal", "reasoning_content")}
        called = {
            "tool_calls": message.get("tool_calls", []),
            "function_call": message.get("function_call"),
        }
        assert choices[choice["index"]] == {
            "message": {"role": message["role"], **told, **called},
            "logprobs": choice["logprobs"],
            "finish_reason": choice["finish_reason"],
        }


@for_each(("streamed", "plain"), RESPONSES)
def test_a_responses_stream_adds_up_to_the_plain_response_and_ends_with_it(
    streamed: Case, plain: Case
) -> None:
    payload = json.loads(plain.rendered())
    events = json_frames(streamed.rendered())
    assert events[-1]["response"] == payload
    ends = {
        name: payload[name] for name in ("status", "completed_at", "usage", "incomplete_details")
    }
    assert {**assemble.response(events), **ends} == payload


@for_each(("streamed", "plain"), RESPONSES)
def test_a_response_starts_in_progress_with_nothing_in_it(streamed: Case, plain: Case) -> None:
    created, in_progress = (event["response"] for event in json_frames(streamed.rendered())[:2])
    assert created == in_progress
    assert (created["status"], created["output"], created["usage"], created["completed_at"]) == (
        "in_progress",
        [],
        None,
        None,
    )


@for_each(("streamed", "plain"), ANTHROPIC)
def test_an_anthropic_stream_adds_up_to_the_plain_message(streamed: Case, plain: Case) -> None:
    assert assemble.message(json_frames(streamed.rendered())) == json.loads(plain.rendered())


@for_each(("streamed", "plain"), ANTHROPIC)
def test_an_anthropic_message_starts_empty_with_its_input_counted(
    streamed: Case, plain: Case
) -> None:
    started = json_frames(streamed.rendered())[0]["message"]
    payload = json.loads(plain.rendered())
    nothing_yet: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            **payload["usage"],
            "output_tokens": min(1, payload["usage"]["output_tokens"]),
            "output_tokens_details": {"thinking_tokens": 0},
        },
    }
    payload.pop("stop_details", None)
    assert started == {**payload, **nothing_yet}


@for_each("case", [case for case in PLAIN if case.api == "chat"])
def test_a_chat_payload_says_the_turn_and_nothing_else(case: Case) -> None:
    payload = json.loads(case.rendered())
    assert [said.in_chat(choice, payload["usage"]) for choice in payload["choices"]] == [
        said.expected(case, index) for index in range(case.extra.get("n", 1))
    ]
    for choice in payload["choices"]:
        keys = {"tool_calls", "function_call"} & set(choice["message"])
        called = "function_call" if case.is_legacy else "tool_calls"
        assert keys == ({called} if case.reply.calls else set())
        assert ("reasoning_content" in choice["message"]) is (case.reply.reasoning is not None)


@for_each("case", [case for case in PLAIN if case.api != "chat"])
def test_any_other_payload_says_the_turn_and_nothing_else(case: Case) -> None:
    payload = json.loads(case.rendered())
    read = said.in_message if case.api == "anthropic" else said.in_response
    assert read(payload) == said.expected(case)


@for_each("case", [case for case in PLAIN if case.api != "chat"])
def test_the_parts_of_a_payload_stand_in_the_order_of_the_turn(case: Case) -> None:
    payload = json.loads(case.rendered())
    parts = payload.get("output", payload.get("content"))
    kinds = [part["type"].replace("custom_tool", "function") for part in parts]
    order = ["reasoning", "thinking", "message", "text", "function_call", "tool_use"]
    assert kinds == sorted(kinds, key=order.index)


@for_each("case", RESPONSES_PLAIN)
def test_the_last_item_of_a_response_that_was_cut_short_is_incomplete_and_no_other(
    case: Case,
) -> None:
    payload = json.loads(case.rendered())
    statuses = [item["status"] for item in payload["output"]]
    assert statuses == ["completed"] * (len(statuses) - 1) + [payload["status"]]
    assert (payload["completed_at"] is None) is (payload["status"] == "incomplete")
