"""The goldens go through the official SDKs, which validate every field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmsim.reply import Reply
from tests.wire.cases import PLAIN, REQUESTS, STREAMED, Case
from tests.wire.frames import frames
from tests.wire.strict import client, openresponses_event, openresponses_resource, streaming_client

Calls = list[tuple[str, str, Any]]


def _of(cases: tuple[Case, ...], *apis: str) -> list[Case]:
    return [case for case in cases if case.api in apis]


def _expected(reply: Reply) -> Calls:
    return [(call.id, call.name, call.arguments) for call in reply.calls]


def _chat_calls(message: Any) -> Calls:
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]


def _assert_chat(completion: Any, case: Case) -> None:
    assert len(completion.choices) == case.extra.get("n", 1)
    for choice in completion.choices:
        assert choice.message.content == case.reply.text
        assert _chat_calls(choice.message) == _expected(case.reply)
        assert choice.finish_reason == ("tool_calls" if case.reply.calls else "stop")


def _assert_response(response: Any, reply: Reply) -> None:
    assert response.output_text == (reply.text or "")
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.call_id, call.name, json.loads(call.arguments)) for call in calls] == _expected(reply)
    assert (response.status, response.usage.total_tokens) == ("completed", 32)


@pytest.mark.parametrize("case", _of(PLAIN, "chat"), ids=str)
def test_the_sdk_accepts_a_plain_chat_completion(case: Case) -> None:
    completion = client(case.path.read_bytes()).chat.completions.create(**REQUESTS["chat"])
    _assert_chat(completion, case)
    assert completion.usage is not None


@pytest.mark.parametrize("case", _of(STREAMED, "chat"), ids=str)
def test_the_sdk_accepts_every_chunk_of_a_chat_stream(case: Case) -> None:
    chunks = list(streaming_client(case.path.read_bytes()).chat.completions.create(**REQUESTS["chat"], stream=True))
    assert len(chunks) == len(frames(case.path.read_bytes())) - 1
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == 0)
    assert text == (case.reply.text or "")


@pytest.mark.parametrize("case", _of(STREAMED, "chat"), ids=str)
def test_the_sdk_stream_helper_assembles_a_chat_stream(case: Case) -> None:
    with streaming_client(case.path.read_bytes()).chat.completions.stream(**REQUESTS["chat"]) as stream:
        _assert_chat(stream.get_final_completion(), case)


@pytest.mark.parametrize("case", _of(PLAIN, "responses", "openresponses"), ids=str)
def test_the_sdk_accepts_a_plain_response(case: Case) -> None:
    _assert_response(client(case.path.read_bytes()).responses.create(**REQUESTS[case.api]), case.reply)


@pytest.mark.parametrize("case", _of(STREAMED, "responses", "openresponses"), ids=str)
def test_the_sdk_accepts_every_event_of_a_responses_stream(case: Case) -> None:
    events = list(streaming_client(case.path.read_bytes()).responses.create(**REQUESTS[case.api], stream=True))
    assert [event.type for event in events] == [frame.name for frame in frames(case.path.read_bytes()) if frame.data != "[DONE]"]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == (case.reply.text or "")


@pytest.mark.parametrize("case", _of(STREAMED, "responses", "openresponses"), ids=str)
def test_the_sdk_stream_helper_assembles_a_responses_stream(case: Case) -> None:
    with streaming_client(case.path.read_bytes()).responses.stream(**REQUESTS[case.api]) as stream:
        _assert_response(stream.get_final_response(), case.reply)


@pytest.mark.parametrize("case", _of(PLAIN, "openresponses"), ids=str)
def test_the_openresponses_types_accept_a_plain_response_with_all_its_required_keys(case: Case) -> None:
    body = case.path.read_bytes()
    resource = openresponses_resource(body)
    assert {name for name, field in type(resource).model_fields.items() if field.is_required()} <= set(json.loads(body))


@pytest.mark.parametrize("case", _of(STREAMED, "openresponses"), ids=str)
def test_the_openresponses_types_accept_every_event_of_a_stream(case: Case) -> None:
    for frame in frames(case.path.read_bytes())[:-1]:
        assert frame.name is not None
        openresponses_event(frame.data, frame.name)
