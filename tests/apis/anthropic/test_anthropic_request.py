from __future__ import annotations

from typing import Any

import pytest

from llmsim.apis.renderer import Shape
from llmsim.conversation import CalledTool, Conversation, Message
from tests.apis.refusals import ABSENT, changed, refusal
from tests.each import for_each
from tests.requests import RENDERERS


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


# The change, the field, and all that the refusal says after its name.
REFUSED = [
    ({"model": ABSENT}, "model", "is required: a string."),
    ({"model": None}, "model", "is required: a string."),
    ({"model": ""}, "model", "must not be an empty string."),
    ({"model": 5}, "model", "must be a string, got a number."),
    ({"max_tokens": ABSENT}, "max_tokens", "is required: an integer from 1 up."),
    ({"max_tokens": None}, "max_tokens", "is required: an integer from 1 up."),
    ({"max_tokens": 0}, "max_tokens", "must be an integer from 1 up, got 0."),
    ({"max_tokens": -5}, "max_tokens", "must be an integer from 1 up, got -5."),
    ({"max_tokens": "1024"}, "max_tokens", "must be an integer, got a string."),
    ({"max_tokens": 16.0}, "max_tokens", "must be an integer, got a number."),
    ({"max_tokens": True}, "max_tokens", "must be an integer, got a boolean."),
    ({"messages": ABSENT}, "messages", "is required: an array of messages."),
    ({"messages": None}, "messages", "is required: an array of messages."),
    ({"messages": []}, "messages", "must not be an empty array."),
    ({"messages": "Hi"}, "messages", "must be an array, got a string."),
    ({"messages": {}}, "messages", "must be an array, got an object."),
    ({"messages": ["Hi"]}, "messages[0]", "must be an object, got a string."),
    (
        {"messages": [{"role": "user", "content": "Hi"}, None]},
        "messages[1]",
        "must be an object, got null.",
    ),
    ({"messages": [{"content": "Hi"}]}, "messages[0].role", "is required: a string."),
    (
        {"messages": [{"role": 1, "content": "Hi"}]},
        "messages[0].role",
        "must be a string, got a number.",
    ),
    (
        {"messages": [{"role": "", "content": "Hi"}]},
        "messages[0].role",
        "must not be an empty string.",
    ),
    (
        {"messages": [{"role": "user", "content": 5}]},
        "messages[0].content",
        "must be a string or an array of content parts, got a number.",
    ),
    (
        {"messages": [{"role": "user", "content": {}}]},
        "messages[0].content",
        "must be a string or an array of content parts, got an object.",
    ),
    (user("Hi"), "messages[0].content[0]", "must be an object, got a string."),
    (
        user({"type": "text", "text": "Hi"}, None),
        "messages[0].content[1]",
        "must be an object, got null.",
    ),
    (
        user({"type": "tool_result", "tool_use_id": "t", "content": 5}),
        "messages[0].content[0].content",
        "must be a string or an array of content parts, got a number.",
    ),
    (
        user({"type": "tool_result", "tool_use_id": "t", "content": ["x"]}),
        "messages[0].content[0].content[0]",
        "must be an object, got a string.",
    ),
    ({"system": 5}, "system", "must be a string or an array of content parts, got a number."),
    (
        {"system": {"type": "text", "text": "x"}},
        "system",
        "must be a string or an array of content parts, got an object.",
    ),
    ({"system": ["Be brief."]}, "system[0]", "must be an object, got a string."),
    ({"stream": "true"}, "stream", "must be a boolean, got a string."),
    ({"stream": 1}, "stream", "must be a boolean, got a number."),
    ({"tools": {}}, "tools", "must be an array, got an object."),
    ({"tools": ["bash"]}, "tools[0]", "must be an object, got a string."),
]

TOLERATED = [
    {"max_tokens": 10**9},
    {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"thinking": "a lot"},
    {
        "tools": [
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
            {"type": "bash_20250124", "name": "bash"},
            {},
            {"type": 7},
        ]
    },
    {
        "tool_choice": {"type": "any"},
        "stop_sequences": ["x"],
        "metadata": {"user_id": "u"},
        "service_tier": "auto",
        "temperature": "hot",
    },
    {
        "context_management": {"edits": []},
        "container": None,
        "mcp_servers": [],
        "output_config": {"effort": "low"},
        "speed": "fast",
        "betas": ["x"],
    },
    {"system": None},
    {"system": []},
    {"stream": None},
    {"tools": None},
    {"some_new_field": {"of": "an agent"}},
]

TOLERATED_BLOCKS = [
    {"type": "thinking", "thinking": "Hm.", "signature": "s"},
    {"type": "redacted_thinking", "data": "x"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [{"type": "web_search_result", "title": "x"}],
    },
    {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
        "title": "x",
    },
    {
        "type": "search_result",
        "source": "x",
        "title": "x",
        "content": [{"type": "text", "text": "x"}],
    },
    {"type": "a_block_of_next_year", "content": 5},
    {"type": ["list"]},
    {"type": "text", "text": None},
    {"type": "text", "text": 5},
    {},
]


def read(change: dict[str, Any]) -> Conversation:
    return RENDERERS["anthropic"].read(changed("anthropic", change)).conversation


def read_messages(*messages: dict[str, Any]) -> Conversation:
    return read({"messages": list(messages)})


@for_each(("change", "param", "says"), REFUSED)
def test_a_wrong_anthropic_field_is_refused_by_name(
    change: dict[str, Any], param: str, says: str
) -> None:
    error = refusal("anthropic", change)
    assert (error.status, error.param, error.message) == (400, param, f"'{param}' {says}")


@pytest.mark.parametrize("change", TOLERATED, ids=str)
def test_what_agents_send_beyond_the_required_is_tolerated(change: dict[str, Any]) -> None:
    call = RENDERERS["anthropic"].read(changed("anthropic", change))
    assert call.conversation.messages == (Message("user", "Hi"),)
    assert (call.stream, call.shape) == (False, Shape())


@for_each("block", TOLERATED_BLOCKS)
@for_each("role", ["user", "assistant"])
def test_blocks_that_llmsim_does_not_read_are_tolerated_and_say_nothing(
    role: str, block: dict[str, Any]
) -> None:
    conversation = read_messages({"role": role, "content": [block, {"type": "text", "text": "Hi"}]})
    assert conversation == Conversation(messages=(Message(role, "Hi"),))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user"},
        {"role": "user", "content": None},
        {"role": "narrator", "content": "x"},
        {"role": "user", "content": "x", "new_field": 1},
    ],
    ids=str,
)
def test_messages_may_hold_what_llmsim_does_not_know(message: dict[str, Any]) -> None:
    assert read_messages(message).messages == (
        Message(message["role"], message.get("content") or ""),
    )


def test_a_message_without_a_block_is_none() -> None:
    assert read_messages({"role": "user", "content": []}).messages == ()


def test_the_system_text_is_a_string_or_text_blocks_and_takes_in_system_messages() -> None:
    assert read({"system": "Be brief."}).system == "Be brief."
    blocks = [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be kind."},
    ]
    assert read({"system": blocks}).system == "Be brief.\nBe kind."
    both = read(
        {
            "system": "Be brief.",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi"},
            ],
        }
    )
    assert both.system == "Be brief.\nBe kind."
    assert [message.role for message in both.messages] == ["system", "system", "user"]


def test_a_string_and_a_text_block_say_the_same() -> None:
    assert read(user({"type": "text", "text": "Hi"})) == read({})


def test_text_blocks_are_joined_and_pictures_counted_but_never_read() -> None:
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "A" * 1000},
    }
    said = read(
        user({"type": "text", "text": "What"}, picture, {"type": "text", "text": "is this?"})
    )
    assert said.messages == (Message("user", "What\nis this?", images=1),)


def test_tool_uses_and_their_results_are_part_of_the_history() -> None:
    conversation = read_messages(
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "llmsim"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "ls"}},
                {"type": "tool_use", "id": "t2", "name": "pwd"},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "a.txt"},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": [{"type": "text", "text": "/"}, {"type": "text", "text": "home"}],
                },
                {"type": "tool_result", "tool_use_id": "t3", "is_error": True},
                {"type": "text", "text": "Go on."},
            ],
        },
    )
    assert conversation.messages == (
        Message("user", "Look."),
        Message(
            "assistant",
            "Let me look.",
            (CalledTool("bash", '{"command":"ls"}', "t1"), CalledTool("pwd", "{}", "t2")),
        ),
        Message("tool", "a.txt", call_id="t1"),
        Message("tool", "/\nhome", call_id="t2"),
        Message("tool", "", call_id="t3"),
        Message("user", "Go on."),
    )


def test_a_message_of_results_alone_is_the_results_and_one_of_calls_alone_is_a_message() -> None:
    use = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t", "name": "bash", "input": {}}],
    }
    result = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}],
    }
    assert read_messages(use, result).messages == (
        Message("assistant", "", (CalledTool("bash", "{}", "t"),)),
        Message("tool", "x", call_id="t"),
    )


def test_a_result_without_an_id_stays_a_message() -> None:
    assert read(user({"type": "tool_result", "content": "a.txt"})).messages == (
        Message("tool", "a.txt"),
    )


def test_tools_are_offered_under_their_name_or_else_their_type_with_their_whole_definition() -> (
    None
):
    own = {"name": "bash", "description": "Runs.", "input_schema": {"type": "object"}}
    tools = read({"tools": [own, {"type": "web_search_20250305"}]}).tools
    assert [tool.name for tool in tools] == ["bash", "web_search_20250305"]
    assert (
        tools[0].definition
        == '{"name":"bash","description":"Runs.","input_schema":{"type":"object"}}'
    )
