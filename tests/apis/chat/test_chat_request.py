from __future__ import annotations

from typing import Any

import pytest

from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.script.conditions.find import newest_results
from tests.apis.refusals import ABSENT, changed, refusal
from tests.each import for_each

REFUSED = [
    ({"messages": ABSENT}, "messages", "missing_required_parameter"),
    ({"messages": None}, "messages", "missing_required_parameter"),
    ({"messages": []}, "messages", "empty_array"),
    ({"messages": "Hi"}, "messages", "invalid_type"),
    ({"messages": {}}, "messages", "invalid_type"),
    ({"messages": ["Hi"]}, "messages[0]", "invalid_type"),
    ({"messages": [{"role": "user", "content": "Hi"}, None]}, "messages[1]", "invalid_type"),
    ({"messages": [{"content": "Hi"}]}, "messages[0].role", "missing_required_parameter"),
    ({"messages": [{"role": None}]}, "messages[0].role", "missing_required_parameter"),
    ({"messages": [{"role": 1}]}, "messages[0].role", "invalid_type"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
    (
        {"messages": [{"role": "user", "content": {"text": "Hi"}}]},
        "messages[0].content",
        "invalid_type",
    ),
    ({"messages": [{"role": "user", "content": False}]}, "messages[0].content", "invalid_type"),
    ({"messages": [{"role": "user", "content": ["Hi"]}]}, "messages[0].content[0]", "invalid_type"),
    (
        {"messages": [{"role": "assistant", "tool_calls": {}}]},
        "messages[0].tool_calls",
        "invalid_type",
    ),
    (
        {"messages": [{"role": "assistant", "tool_calls": ["bash"]}]},
        "messages[0].tool_calls[0]",
        "invalid_type",
    ),
    ({"functions": "bash"}, "functions", "invalid_type"),
    ({"n": 0}, "n", "integer_below_min_value"),
    ({"n": -1}, "n", "integer_below_min_value"),
    ({"n": 129}, "n", "integer_above_max_value"),
    ({"n": True}, "n", "invalid_type"),
    ({"n": "2"}, "n", "invalid_type"),
    ({"n": 1.0}, "n", "invalid_type"),
    ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage", "invalid_type"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage", "invalid_type"),
    ({"logprobs": 3}, "logprobs", "invalid_type"),
    ({"top_logprobs": True}, "top_logprobs", "invalid_type"),
    ({"top_logprobs": -1}, "top_logprobs", "integer_below_min_value"),
    ({"top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
]


def read(change: dict[str, Any]) -> Conversation:
    return ChatRenderer().read(changed("chat", change)).conversation


def read_messages(*messages: dict[str, Any]) -> Conversation:
    return read({"messages": list(messages)})


@for_each(("change", "param", "code"), REFUSED)
def test_a_wrong_chat_field_is_refused_by_name_with_a_code(
    change: dict[str, Any], param: str, code: str
) -> None:
    error = refusal("chat", change)
    assert (error.status, error.param, error.code) == (400, param, code)
    assert f"'{param}'" in error.message


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user"},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": None, "tool_calls": None, "function_call": None},
        {"role": "narrator", "content": "unknown role"},
        {"role": "user", "content": []},
        {
            "role": "user",
            "content": [
                {"type": "hologram"},
                {"type": ["list"]},
                {},
                {"type": "text", "text": None},
            ],
        },
        {
            "role": "assistant",
            "tool_calls": [
                {},
                {"function": "bash"},
                {"type": "custom", "custom": {}},
                {"type": []},
            ],
        },
        {"role": "tool", "content": "no id"},
        {"role": "tool", "tool_call_id": 5, "content": "odd id"},
        {"role": "user", "content": "Hi", "name": 7, "some_new_field": 1},
    ],
    ids=str,
)
def test_messages_may_hold_what_llmsim_does_not_know(message: dict[str, Any]) -> None:
    assert len(read_messages(message).messages) == 1


@pytest.mark.parametrize(("n", "choices"), [(1, 1), (2, 2), (128, 128), (None, 1), (ABSENT, 1)])
def test_n_is_the_number_of_choices(n: Any, choices: int) -> None:
    assert ChatRenderer().read(changed("chat", {"n": n})).shape.choices == choices


@pytest.mark.parametrize(
    ("options", "include_usage"),
    [
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        ({"include_usage": None}, False),
        ({}, False),
        (None, False),
    ],
)
@pytest.mark.parametrize("stream", [True, None])
def test_stream_options_ask_for_usage_and_are_tolerated_without_a_stream(
    options: Any, include_usage: bool, stream: Any
) -> None:
    assert (
        ChatRenderer()
        .read(changed("chat", {"stream": stream, "stream_options": options}))
        .shape.include_usage
        is include_usage
    )


def test_system_and_developer_messages_make_the_system_text_wherever_they_stand() -> None:
    conversation = read_messages(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
    )
    assert conversation.system == "Be brief.\nBe kind."
    assert conversation.messages == (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("developer", "Be kind."),
    )


def test_text_parts_are_joined_and_pictures_counted_but_never_read() -> None:
    data_url = "data:image/png;base64," + "A" * 1000
    parts = [
        {"type": "text", "text": "What"},
        {"type": "image_url", "image_url": {"url": data_url}},
        {"type": "text", "text": "is this?"},
    ]
    assert read_messages({"role": "user", "content": parts}).messages == (
        Message("user", "What\nis this?", images=1),
    )


def test_a_refusal_part_is_text() -> None:
    assert read_messages(
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    ).messages == (Message("assistant", "No."),)


def test_a_refusal_of_its_own_is_what_the_message_says() -> None:
    said = {"role": "assistant", "content": None, "refusal": "No."}
    assert read_messages(said).messages == (Message("assistant", "No."),)


def test_a_tool_message_is_the_result_of_its_call() -> None:
    conversation = read_messages(
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "a.txt"}]}
    )
    assert conversation.messages == (Message("tool", "a.txt", call_id="call_1"),)


def test_a_tool_message_without_an_id_stays_a_message() -> None:
    conversation = read_messages({"role": "tool", "content": "a.txt"})
    assert conversation.messages == (Message("tool", "a.txt"),)


def test_a_function_message_is_the_result_of_the_legacy_call_before_it() -> None:
    called = {"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}}
    conversation = read_messages(called, {"role": "function", "name": "old", "content": "a.txt"})
    assert conversation.messages[1] == Message("tool", "a.txt")
    assert newest_results(Request(conversation)) == [{"tool": "old", "text": "a.txt"}]


def test_calls_of_every_generation_of_the_api_are_part_of_the_history() -> None:
    calls = [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": "bash", "arguments": '{"command":"ls"}'},
        },
        {"id": "call_2", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
        {"id": "call_3", "function": {"name": "untyped", "arguments": {"as": "object"}}},
    ]
    legacy = {"name": "old", "arguments": "{}"}
    [message] = read_messages(
        {"role": "assistant", "content": None, "tool_calls": calls, "function_call": legacy}
    ).messages
    assert message.calls == (
        CalledTool("bash", '{"command":"ls"}', "call_1"),
        CalledTool("patch", "*** Begin", "call_2"),
        CalledTool("untyped", '{"as":"object"}', "call_3"),
        CalledTool("old", "{}"),
    )


def test_legacy_functions_count_as_tools() -> None:
    tools = read(
        {
            "tools": [{"type": "function", "function": {"name": "new"}}],
            "functions": [{"name": "old"}],
        }
    ).tools
    assert [(tool.name, tool.definition) for tool in tools] == [
        ("new", '{"type":"function","function":{"name":"new"}}'),
        ("old", '{"name":"old"}'),
    ]
