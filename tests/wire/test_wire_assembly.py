"""A stream, put together again by hand, is the plain answer."""

from __future__ import annotations

import json

import pytest

from tests.wire import assemble
from tests.wire.cases import PLAIN, STREAMED, Case
from tests.wire.frames import json_frames

PAIRS = [
    (streamed, plain)
    for streamed in STREAMED
    for plain in PLAIN
    if (streamed.api, streamed.turn, streamed.extra.get("n")) == (plain.api, plain.turn, plain.extra.get("n"))
]
CHAT = [pair for pair in PAIRS if pair[0].api == "chat"]
RESPONSES = [pair for pair in PAIRS if pair[0].api != "chat"]


def test_every_stream_has_its_plain_answer() -> None:
    assert len(PAIRS) == len(STREAMED)


@pytest.mark.parametrize(("streamed", "plain"), CHAT, ids=str)
def test_a_chat_stream_adds_up_to_the_plain_completion(streamed: Case, plain: Case) -> None:
    payload = json.loads(plain.path.read_bytes())
    assembled = assemble.chat_completion(json_frames(streamed.path.read_bytes()))
    assert assembled.pop("usage") in (None, payload["usage"])
    choices = assembled.pop("choices")
    assert assembled == {name: payload[name] for name in assembled}
    assert sorted(choices) == [choice["index"] for choice in payload["choices"]]
    for choice in payload["choices"]:
        message = choice["message"]
        calls = [{"id": call["id"], **call["function"]} for call in message.get("tool_calls", ())]
        expected = {"role": message["role"], "content": message["content"], "calls": calls}
        assert choices[choice["index"]] == {"message": expected, "finish_reason": choice["finish_reason"]}


@pytest.mark.parametrize(("streamed", "plain"), RESPONSES, ids=str)
def test_a_responses_stream_adds_up_to_the_plain_response_and_ends_with_it(streamed: Case, plain: Case) -> None:
    payload = json.loads(plain.path.read_bytes())
    events = json_frames(streamed.path.read_bytes())
    assert events[-1]["response"] == payload
    ends = {name: payload[name] for name in ("status", "completed_at", "usage")}
    assert {**assemble.response(events), **ends} == payload


@pytest.mark.parametrize(("streamed", "plain"), RESPONSES, ids=str)
def test_a_response_starts_in_progress_with_nothing_in_it(streamed: Case, plain: Case) -> None:
    created, in_progress = (event["response"] for event in json_frames(streamed.path.read_bytes())[:2])
    assert created == in_progress
    assert (created["status"], created["output"], created["usage"], created["completed_at"]) == ("in_progress", [], None, None)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_a_payload_holds_the_turn_and_nothing_else(case: Case) -> None:
    payload = json.loads(case.path.read_bytes())
    expected_calls = [(call.id, call.name, call.arguments) for call in case.reply.calls]
    if case.api == "chat":
        choices = payload["choices"]
        assert len(choices) == case.extra.get("n", 1)
        for choice in choices:
            message = choice["message"]
            assert message["content"] == case.reply.text
            assert ("tool_calls" in message) is bool(expected_calls)
            calls = [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", ())]
            assert [(*call[:2], json.loads(call[2])) for call in calls] == expected_calls
            assert choice["finish_reason"] == ("tool_calls" if expected_calls else "stop")
        return
    texts = [part["text"] for item in payload["output"] if item["type"] == "message" for part in item["content"]]
    calls = [item for item in payload["output"] if item["type"] == "function_call"]
    assert texts == ([] if case.reply.text is None else [case.reply.text])
    assert [(call["call_id"], call["name"], json.loads(call["arguments"])) for call in calls] == expected_calls
    assert payload["status"] == "completed"
