"""What a client may ask of the form of its answer, through the SDK, plain and streamed.

Each turn is played three times: the third stream is one that was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from tests.narrowing import of_type, present
from tests.running import text
from tests.sdk.scripted import Served

PATCH = "*** Begin Patch\n*** Add File: a.txt\n+h\u00e9 \U0001f642\n*** End Patch"
CALLS: dict[str, Any] = {
    "type": "tool_calls",
    "calls": [
        {"name": "apply_patch", "arguments": PATCH},
        {"name": "shell", "arguments": {"command": "ls"}},
    ],
}
THOUGHT = {"type": "assistant", "reasoning": "Six times seven.", "text": "It is 42."}
MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
LAPS = 3


@pytest.fixture
def client_of(play: Callable[..., Served]) -> Any:
    """A function that makes a client of a session, which repeats the given turn."""

    def make(turn: dict[str, Any]) -> OpenAI:
        served = play(turn, on_exhausted="repeat_last")
        return OpenAI(base_url=served.url("/openai/v1"), api_key="unused")

    return make


def test_a_custom_tool_of_responses_gets_its_text(client_of: Any) -> None:
    tools: list[Any] = [{"type": "custom", "name": "apply_patch"}]
    with client_of(CALLS) as client:
        plain = client.responses.create(model="gpt-5", input="Hi", tools=tools)
        found = [_items(plain)]
        for _ in range(LAPS):
            with client.responses.stream(model="gpt-5", input="Hi", tools=tools) as stream:
                events = list(stream)
                found.append(_items(stream.get_final_response()))
            written = [
                event for event in events if event.type == "response.custom_tool_call_input.delta"
            ]
            assert "".join(event.delta for event in written) == PATCH
        without = client.responses.create(model="gpt-5", input="Hi")
    said = [
        ("custom_tool_call", "apply_patch", PATCH),
        ("function_call", "shell", '{"command":"ls"}'),
    ]
    assert found == [said] * (LAPS + 1)
    assert [item.type for item in without.output] == ["function_call", "function_call"]


def _items(response: Any) -> list[tuple[str, str, str]]:
    return [
        (item.type, item.name, item.input if item.type == "custom_tool_call" else item.arguments)
        for item in response.output
    ]


def test_a_custom_tool_of_chat_gets_its_text(client_of: Any) -> None:
    tools: list[Any] = [{"type": "custom", "custom": {"name": "apply_patch"}}]
    request: dict[str, Any] = {"model": "gpt-5", "messages": MESSAGES, "tools": tools}
    with client_of(CALLS) as client:
        message = client.chat.completions.create(**request).choices[0].message
        custom, function = present(message.tool_calls)
        assert (custom.type, custom.custom.name, custom.custom.input) == (
            "custom",
            "apply_patch",
            PATCH,
        )
        assert (function.type, function.function.name) == ("function", "shell")
        for _ in range(LAPS):
            pieces = [
                piece.to_dict()
                for chunk in client.chat.completions.create(**request, stream=True)
                for piece in chunk.choices[0].delta.tool_calls or ()
            ]
            texts = [of_type(dict, piece["custom"]) for piece in pieces if "custom" in piece]
            assert "".join(part["input"] for part in texts) == PATCH


def test_a_request_with_functions_gets_a_function_call(client_of: Any) -> None:
    turn = {"type": "mixed", "text": "Looking.", "calls": CALLS["calls"][1:]}
    request: dict[str, Any] = {
        "model": "gpt-5",
        "messages": MESSAGES,
        "functions": [{"name": "shell", "parameters": {"type": "object"}}],
    }
    with client_of(turn) as client:
        choices = [client.chat.completions.create(**request).choices[0]]
        for _ in range(LAPS):
            with client.chat.completions.stream(**request) as stream:
                choices.append(stream.get_final_completion().choices[0])
    for choice in choices:
        called = present(choice.message.function_call)
        assert (called.name, called.arguments) == ("shell", '{"command":"ls"}')
        assert (choice.message.content, choice.finish_reason) == ("Looking.", "function_call")
        assert not choice.message.tool_calls


def test_each_of_several_choices_has_call_ids_of_its_own(client_of: Any) -> None:
    with client_of(CALLS) as client:
        plain = client.chat.completions.create(model="gpt-5", messages=MESSAGES, n=3)
        answers = [_call_ids(plain)]
        for _ in range(LAPS):
            with client.chat.completions.stream(model="gpt-5", messages=MESSAGES, n=3) as stream:
                answers.append(_call_ids(stream.get_final_completion()))
    assert [len(set(ids)) for ids in answers] == [6] * (LAPS + 1)
    assert len({call_id for ids in answers for call_id in ids}) == 6 * (LAPS + 1)


def _call_ids(completion: Any) -> list[str]:
    return [call.id for choice in completion.choices for call in choice.message.tool_calls]


def test_log_probabilities_are_there_where_they_are_asked_for(client_of: Any) -> None:
    said = "Hello there, na\u00efve \U0001f642 world."
    chat: dict[str, Any] = {"model": "gpt-5", "messages": MESSAGES, "logprobs": True}
    ask: dict[str, Any] = {
        "model": "gpt-5",
        "input": "Hi",
        "include": ["message.output_text.logprobs"],
    }
    with client_of(text(said)) as client:
        found = [client.chat.completions.create(**chat).choices[0].logprobs.content]
        found.append(client.responses.create(**ask).output[0].content[0].logprobs)
        for _ in range(LAPS):
            with client.chat.completions.stream(**chat) as stream:
                found.append(stream.get_final_completion().choices[0].logprobs.content)
            with client.responses.stream(**ask) as events:
                found.append(events.get_final_response().output[0].content[0].logprobs)
        without = client.chat.completions.create(model="gpt-5", messages=MESSAGES)
    for entries in found:
        assert "".join(entry.token for entry in entries) == said
        assert {entry.logprob for entry in entries} == {0.0}
        assert bytes(byte for entry in entries for byte in entry.bytes).decode() == said
    assert without.choices[0].logprobs is None


@pytest.mark.parametrize(
    "asked", [{"store": False}, {"include": ["reasoning.encrypted_content"]}], ids=str
)
def test_reasoning_can_be_sent_back(client_of: Any, asked: dict[str, Any]) -> None:
    with client_of(THOUGHT) as client:
        plain = client.responses.create(model="gpt-5", input="Hi", **asked)
        sealed = [plain.output[0].encrypted_content]
        for _ in range(LAPS):
            with client.responses.stream(model="gpt-5", input="Hi", **asked) as stream:
                sealed.append(stream.get_final_response().output[0].encrypted_content)
        history: list[Any] = [*MESSAGES, *(item.to_dict() for item in plain.output), *MESSAGES]
        again = client.responses.create(model="gpt-5", input=history, **asked)
        without = client.responses.create(model="gpt-5", input="Hi")
    assert len({*sealed, again.output[0].encrypted_content}) == 1
    assert sealed[0]
    assert without.output[0].encrypted_content is None
