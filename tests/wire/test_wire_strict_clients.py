"""The answers go through the official SDKs, which validate every field."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from openai import ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError
from openai.types.responses import ResponseCompletedEvent, ResponseIncompleteEvent

from tests.each import for_each
from tests.wire import said
from tests.wire.cases import PLAIN, REQUESTS, STREAMED, Case
from tests.wire.frames import frames
from tests.wire.strict import (
    anthropic_client,
    anthropic_streaming_client,
    client,
    lenient_streaming_client,
    openresponses_event,
    openresponses_resource,
    streaming_client,
)


def _of(cases: tuple[Case, ...], *apis: str) -> list[Case]:
    return [case for case in cases if case.api in apis]


CHAT_CUSTOM_STREAMS = [case for case in _of(STREAMED, "chat") if case.custom]
CHAT_STREAMS = [case for case in _of(STREAMED, "chat") if not case.custom]
# The specification has no custom tools.
OPENRESPONSES_PLAIN = [case for case in _of(PLAIN, "openresponses") if not case.custom]
OPENRESPONSES_STREAMED = [case for case in _of(STREAMED, "openresponses") if not case.custom]


def _expected(case: Case) -> said.Said:
    return said.expected(case)


def _assert_chat(completion: Any, case: Case) -> None:
    """The figures stand for all choices together, where the answer has a usage."""
    usage = completion.usage and completion.usage.model_dump()
    assert len(completion.choices) == case.extra.get("n", 1)
    for index, choice in enumerate(completion.choices):
        expected = said.expected(case, index)
        message = {
            **choice.message.model_dump(),
            "tool_calls": [call.model_dump() for call in choice.message.tool_calls or ()],
        }
        found = said.in_chat(
            {"message": message, "finish_reason": choice.finish_reason}, usage or _NO_USAGE
        )
        assert found._replace(figures=()) == expected._replace(figures=())
        assert usage is None or found.figures == expected.figures


_NO_USAGE: dict[str, Any] = {
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "completion_tokens_details": {"reasoning_tokens": 0},
    "prompt_tokens_details": {"cached_tokens": 0},
}


def _pieces(deltas: list[Any], name: str) -> str:
    return "".join(getattr(delta, name, None) or "" for delta in deltas)


@for_each("case", _of(PLAIN, "chat"))
def test_the_sdk_accepts_a_plain_chat_completion(case: Case) -> None:
    completion = client(case.rendered()).chat.completions.create(**REQUESTS["chat"])
    assert completion.usage is not None
    _assert_chat(completion, case)


@for_each("case", _of(PLAIN, "chat"))
def test_the_sdk_hands_the_reasoning_of_a_chat_completion_through_as_an_attribute(
    case: Case,
) -> None:
    [message, *_] = [
        choice.message
        for choice in client(case.rendered()).chat.completions.create(**REQUESTS["chat"]).choices
    ]
    assert getattr(message, "reasoning_content", None) == case.reply.reasoning
    assert set(message.model_extra or ()) == (
        {"reasoning_content"} if case.reply.reasoning is not None else set()
    )


@for_each("case", CHAT_STREAMS)
def test_the_sdk_accepts_every_chunk_of_a_chat_stream(case: Case) -> None:
    chunks = list(
        streaming_client(case.rendered()).chat.completions.create(**REQUESTS["chat"], stream=True)
    )
    assert len(chunks) == len(frames(case.rendered())) - 1
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices if choice.index == 0]
    for name, text in (
        ("content", case.reply.text),
        ("refusal", case.reply.refusal),
        ("reasoning_content", case.reply.reasoning),
    ):
        assert _pieces(deltas, name) == (text or "")


@pytest.mark.parametrize("case", CHAT_CUSTOM_STREAMS, ids=str)
def test_the_sdk_hands_custom_calls_of_a_chat_stream_through(case: Case) -> None:
    """Its types know no custom calls in a stream; plain ones they do."""
    assert case.reply.calls
    chunks = lenient_streaming_client(case.rendered()).chat.completions.create(
        **REQUESTS["chat"], stream=True
    )
    pieces = [
        piece.to_dict()
        for chunk in chunks
        for choice in chunk.choices
        for piece in choice.delta.tool_calls or ()
    ]
    for index, call in enumerate(case.reply.calls):
        first, *rest = [piece for piece in pieces if piece["index"] == index]
        assert (first["id"], "type" in str(rest)) == (call.id, False)
        if call.name in case.custom:
            assert (first["type"], first["custom"]) == ("custom", {"name": call.name, "input": ""})
            text = "".join(piece["custom"]["input"] for piece in rest)
            assert text == said.as_text(call.arguments)
        else:
            assert first["type"] == "function"
            text = "".join(piece["function"]["arguments"] for piece in rest)
            assert json.loads(text) == call.arguments


@for_each("case", CHAT_STREAMS)
def test_the_sdk_stream_helper_assembles_a_chat_stream(case: Case) -> None:
    """Of one that was cut short it makes an exception, which carries the completion."""
    expected = _expected(case)
    with streaming_client(case.rendered()).chat.completions.stream(**REQUESTS["chat"]) as stream:
        if expected.finish in _CUT_SHORT:
            with pytest.raises(_CUT_SHORT[expected.finish]) as caught:
                stream.get_final_completion()
            completion = getattr(caught.value, "completion", None)
        else:
            completion = stream.get_final_completion()
        if completion is not None:  # older versions drop what a content filter cut off
            _assert_chat(completion, case)


_CUT_SHORT: dict[str, type[OpenAIError]] = {
    "length": LengthFinishReasonError,
    "content_filter": ContentFilterFinishReasonError,
}


@for_each("case", _of(PLAIN, "responses", "openresponses"))
def test_the_sdk_accepts_a_plain_response(case: Case) -> None:
    response = client(case.rendered()).responses.create(**REQUESTS[case.api])
    assert said.in_response(response.model_dump()) == _expected(case)
    assert response.output_text == (case.reply.text or "")
    assert response.usage is not None
    assert response.usage.total_tokens == case.usage.total


@for_each("case", _of(STREAMED, "responses", "openresponses"))
def test_the_sdk_accepts_every_event_of_a_responses_stream(case: Case) -> None:
    events = list(
        streaming_client(case.rendered()).responses.create(**REQUESTS[case.api], stream=True)
    )
    assert [event.type for event in events] == [
        frame.name for frame in frames(case.rendered()) if frame.data != "[DONE]"
    ]
    for kind, text in (
        ("output_text", case.reply.text),
        ("refusal", case.reply.refusal),
        ("reasoning_summary_text", case.reply.reasoning),
    ):
        assert _pieces(
            [event for event in events if event.type == f"response.{kind}.delta"], "delta"
        ) == (text or "")


@for_each("case", _of(STREAMED, "responses", "openresponses"))
def test_the_sdk_stream_helper_assembles_a_responses_stream(case: Case) -> None:
    """Its `get_final_response` wants a completed response.

    One that was cut short is in the last event.
    """
    with streaming_client(case.rendered()).responses.stream(**REQUESTS[case.api]) as stream:
        *_, last = stream
        expected = _expected(case)
        assert isinstance(last, ResponseCompletedEvent | ResponseIncompleteEvent)
        assert last.type == f"response.{expected.finish[0]}"
        assert said.in_response(last.response.model_dump()) == expected
        if last.type == "response.completed":
            assert said.in_response(stream.get_final_response().model_dump()) == expected


@for_each("case", OPENRESPONSES_PLAIN)
def test_the_openresponses_types_accept_a_plain_response_with_all_its_required_keys(
    case: Case,
) -> None:
    body = case.rendered()
    resource = openresponses_resource(body)
    assert {
        name for name, field in type(resource).model_fields.items() if field.is_required()
    } <= set(json.loads(body))


@for_each("case", OPENRESPONSES_STREAMED)
def test_the_openresponses_types_accept_every_event_of_a_stream(case: Case) -> None:
    for frame in frames(case.rendered())[:-1]:
        assert frame.name is not None
        openresponses_event(frame.data, frame.name)


def _assert_message(message: Any, case: Case) -> None:
    assert said.in_message(message.model_dump()) == _expected(case)
    assert message.stop_sequence is None


@for_each("case", _of(PLAIN, "anthropic"))
def test_the_sdk_accepts_a_plain_message(case: Case) -> None:
    message = anthropic_client(case.rendered()).messages.create(**REQUESTS["anthropic"])
    _assert_message(message, case)
    assert all(block.signature for block in message.content if block.type == "thinking")


@for_each("case", _of(PLAIN, "anthropic"))
def test_the_sdk_knows_every_field_of_a_plain_message(case: Case) -> None:
    message = anthropic_client(case.rendered()).messages.create(**REQUESTS["anthropic"])
    usage = message.usage
    parts = (usage, usage.cache_creation, usage.output_tokens_details, message.stop_details)
    for part in (message, *filter(None, parts), *message.content):
        assert not part.model_extra


@for_each("case", _of(STREAMED, "anthropic"))
def test_the_sdk_accepts_every_event_of_a_message_stream(case: Case) -> None:
    events = list(
        anthropic_streaming_client(case.rendered()).messages.create(
            **REQUESTS["anthropic"], stream=True
        )
    )
    assert [event.type for event in events] == [
        frame.name for frame in frames(case.rendered()) if frame.name != "ping"
    ]
    assert not any(event.model_extra for event in events)
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    assert _pieces(deltas, "text") == (case.reply.text or case.reply.refusal or "")
    assert _pieces(deltas, "thinking") == (case.reply.reasoning or "")


@for_each("case", _of(STREAMED, "anthropic"))
def test_the_sdk_stream_helper_assembles_a_message_stream(case: Case) -> None:
    with anthropic_streaming_client(case.rendered()).messages.stream(
        **REQUESTS["anthropic"]
    ) as stream:
        helped = [event.type for event in stream]
        message = stream.get_final_message()
    _assert_message(message, case)
    plain = anthropic_client(replace(case, streamed=False).rendered()).messages.create(
        **REQUESTS["anthropic"]
    )
    assert [block.model_dump(exclude={"parsed_output"}) for block in message.content] == [
        block.model_dump() for block in plain.content
    ]
    assert message.usage == plain.usage
    for own_event, is_there in (
        ("text", case.reply.text or case.reply.refusal),
        ("thinking", case.reply.reasoning),
        ("input_json", case.reply.calls),
    ):
        assert (own_event in helped) is bool(is_there)
    assert helped[-1] == "message_stop"


@for_each("case", _of(STREAMED, "anthropic"))
def test_the_sdk_text_stream_is_the_text(case: Case) -> None:
    with anthropic_streaming_client(case.rendered()).messages.stream(
        **REQUESTS["anthropic"]
    ) as stream:
        assert "".join(stream.text_stream) == (case.reply.text or case.reply.refusal or "")
