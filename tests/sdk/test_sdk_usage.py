"""Usage is the same whether the answer is streamed or not."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion
from openai.types.responses import ResponseCompletedEvent, ResponseCreatedEvent

from tests.narrowing import of_type, present
from tests.running import text
from tests.sdk.scripted import READ_B, WRITE, Served

CALLS = [{"name": "read_file", "arguments": READ_B}, {"name": "write_file", "arguments": WRITE}]
TURNS = [
    text("Hello there. The answer is 42."),
    {"type": "tool_calls", "calls": CALLS},
    {"type": "mixed", "text": "Both.", "calls": CALLS},
    text(""),
]
MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def _chunks(client: OpenAI, **options: Any) -> list[Any]:
    return list(
        client.chat.completions.create(model="gpt-5", messages=MESSAGES, stream=True, **options)
    )


def _chat_usage(client: OpenAI, **options: Any) -> CompletionUsage:
    """That of a plain answer."""
    answer: ChatCompletion = client.chat.completions.create(
        model="gpt-5", messages=MESSAGES, **options
    )
    return present(answer.usage)


@pytest.fixture
def client(served: Served) -> Any:
    with OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as found:
        yield found


def test_a_chat_stream_ends_with_the_usage_of_the_plain_answer_where_it_is_asked_for(
    client: OpenAI, start: int
) -> None:
    plain = [_chat_usage(client) for _ in TURNS]
    streams = [_chunks(client, stream_options={"include_usage": True}) for _ in TURNS]
    assert [chunks[-1].usage for chunks in streams] == plain
    assert all(
        usage.total_tokens == usage.prompt_tokens + usage.completion_tokens for usage in plain
    )
    assert [usage.completion_tokens > 0 for usage in plain] == [True, True, True, False]
    for chunks in streams:
        assert chunks[-1].choices == []
        assert all(
            chunk.choices and chunk.usage is None and "usage" in chunk.model_fields_set
            for chunk in chunks[:-1]
        )


def test_each_of_n_choices_counts_in_the_completion_and_not_in_the_prompt(
    client: OpenAI, start: int
) -> None:
    single, plain = ([_chat_usage(client, n=n) for _ in TURNS] for n in (1, 3))
    streamed = [
        _chunks(client, n=3, stream_options={"include_usage": True})[-1].usage for _ in TURNS
    ]
    assert streamed == plain
    assert [(three.prompt_tokens, three.completion_tokens) for three in plain] == [
        (one.prompt_tokens, 3 * one.completion_tokens) for one in single
    ]


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}], ids=str)
def test_a_chat_stream_says_nothing_of_usage_where_nobody_asked(
    options: dict[str, Any], client: OpenAI
) -> None:
    chunks = _chunks(client, **options)
    assert all(chunk.choices and "usage" not in chunk.model_fields_set for chunk in chunks)


def test_the_chat_stream_helper_has_the_usage_too(client: OpenAI, start: int) -> None:
    plain = [_chat_usage(client) for _ in TURNS]
    helped = []
    for _ in TURNS:
        with client.chat.completions.stream(
            model="gpt-5", messages=MESSAGES, stream_options={"include_usage": True}
        ) as stream:
            helped.append(stream.get_final_completion().usage)
    assert helped == plain


@pytest.mark.parametrize("base", ["/openai/v1", "/openresponses/v1"])
def test_a_streamed_response_completes_with_the_usage_of_the_plain_one(
    base: str, served: Served, start: int
) -> None:
    with OpenAI(base_url=served.url(base), api_key="unused") as client:
        plain = [
            client.responses.create(model="gpt-5", instructions="Be brief.", input="Hi").usage
            for _ in TURNS
        ]
        streams = [
            list(
                client.responses.create(
                    model="gpt-5", instructions="Be brief.", input="Hi", stream=True
                )
            )
            for _ in TURNS
        ]
        chat = _chat_usage(client.with_options(base_url=served.url("/openai/v1")))
    last = [of_type(ResponseCompletedEvent, events[-1]) for events in streams]
    first = [of_type(ResponseCreatedEvent, events[0]) for events in streams]
    assert [event.response.usage for event in last] == plain
    assert all(event.response.usage is None for event in first)
    said = present(plain[0])
    assert (said.input_tokens, said.output_tokens) == (
        chat.prompt_tokens,
        chat.completion_tokens,
    )
