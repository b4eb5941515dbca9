from __future__ import annotations

from typing import Any

import pytest

from llmsim.conversation import CalledTool, Conversation, Message
from tests.apis.refusals import ABSENT, changed, refusal
from tests.each import for_each
from tests.requests import RENDERERS

both_apis = pytest.mark.parametrize("api", ["responses", "openresponses"])

REFUSED = [
    ({"input": ABSENT}, "input", "missing_required_parameter"),
    ({"input": None}, "input", "missing_required_parameter"),
    ({"input": None, "previous_response_id": None}, "input", "missing_required_parameter"),
    ({"input": []}, "input", "empty_array"),
    ({"input": [], "previous_response_id": "resp_1"}, "input", "empty_array"),
    ({"input": 5}, "input", "invalid_type"),
    ({"input": {"role": "user"}}, "input", "invalid_type"),
    ({"input": ["Hi"]}, "input[0]", "invalid_type"),
    ({"input": [{"role": "user", "content": "Hi"}, 7]}, "input[1]", "invalid_type"),
    ({"input": [{"type": 7}]}, "input[0].type", "invalid_type"),
    ({"input": [{"content": "Hi"}]}, "input[0].role", "missing_required_parameter"),
    ({"input": [{}]}, "input[0].role", "missing_required_parameter"),
    (
        {"input": [{"type": "message", "id": "msg_1"}]},
        "input[0].role",
        "missing_required_parameter",
    ),
    ({"input": [{"type": "message", "role": 1, "content": "Hi"}]}, "input[0].role", "invalid_type"),
    ({"input": [{"role": "user", "content": 5}]}, "input[0].content", "invalid_type"),
    ({"input": [{"role": "user", "content": {"text": "Hi"}}]}, "input[0].content", "invalid_type"),
    (
        {"input": [{"type": "message", "role": "user", "content": ["Hi"]}]},
        "input[0].content[0]",
        "invalid_type",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "call_1", "output": 5}]},
        "input[0].output",
        "invalid_type",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "call_1", "output": {}}]},
        "input[0].output",
        "invalid_type",
    ),
    ({"include": "reasoning.encrypted_content"}, "include", "invalid_type"),
    ({"include": {"reasoning.encrypted_content": True}}, "include", "invalid_type"),
]

TOLERATED_ITEMS = [
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"type": "item_reference", "id": "msg_1"},
    {"id": "msg_1"},
    {"type": "compaction", "encrypted_content": "x"},
    {"type": "an_item_of_next_year", "content": 5},
    {"type": "message", "role": "narrator", "content": "unknown role"},
    {
        "role": "assistant",
        "content": [{"type": "hologram"}, {"type": []}, {}],
        "phase": "commentary",
    },
    {"role": "assistant", "content": None},
    {"type": "function_call", "call_id": "call_1"},
    {"type": "function_call_output", "output": "no call id"},
    {"type": "function_call_output", "call_id": "call_1"},
]


def read(api: str, change: dict[str, Any]) -> Conversation:
    return RENDERERS[api].read(changed(api, change)).conversation


@both_apis
@for_each(("change", "param", "code"), REFUSED)
def test_a_wrong_responses_field_is_refused_by_name_with_a_code(
    api: str, change: dict[str, Any], param: str, code: str
) -> None:
    error = refusal(api, change)
    assert (error.status, error.param, error.code) == (400, param, code)
    assert f"'{param}'" in error.message


@both_apis
@for_each("item", TOLERATED_ITEMS)
def test_items_that_llmsim_does_not_know_are_tolerated(api: str, item: dict[str, Any]) -> None:
    said = read(api, {"input": [item, {"role": "user", "content": "Hi"}]}).messages
    assert said[-1] == Message("user", "Hi")


@both_apis
@pytest.mark.parametrize(
    "elsewhere",
    [{"previous_response_id": "resp_1"}, {"prompt": {"id": "pmpt_1"}}, {"conversation": "conv_1"}],
    ids=str,
)
def test_input_may_be_absent_where_the_request_continues_something(
    api: str, elsewhere: dict[str, Any]
) -> None:
    messages = read(api, {"input": ABSENT, **elsewhere}).messages
    assert messages == (
        (Message("previous_response", "", item_id="resp_1"),)
        if "previous_response_id" in elsewhere
        else ()
    )


@both_apis
def test_a_string_is_one_user_message(api: str) -> None:
    assert read(api, {"input": "Hi"}).messages == (Message("user", "Hi"),)


@both_apis
def test_instructions_and_system_messages_make_the_system_text(api: str) -> None:
    items = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": "Be quick."},
    ]
    conversation = read(api, {"instructions": "Be brief.", "input": items})
    assert conversation.system == "Be brief.\nBe kind.\nBe quick."
    assert conversation.messages == (
        Message("system", "Be brief."),
        Message("system", "Be kind."),
        Message("user", "Hi"),
        Message("developer", "Be quick."),
    )


@both_apis
def test_easy_and_typed_messages_say_the_same(api: str) -> None:
    easy = read(api, {"input": [{"role": "user", "content": "Hi"}]})
    typed = read(
        api,
        {
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hi"}],
                }
            ]
        },
    )
    assert easy == typed


@both_apis
def test_pictures_are_counted_but_never_read(api: str) -> None:
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
    ]
    assert read(api, {"input": [{"role": "user", "content": parts}]}).messages == (
        Message("user", "What is this?", images=1),
    )


@both_apis
def test_function_calls_and_their_outputs_are_part_of_the_history(api: str) -> None:
    items = [
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "bash",
            "arguments": '{"command":"ls"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"},
        {
            "type": "custom_tool_call",
            "call_id": "call_2",
            "name": "apply_patch",
            "input": "*** Begin",
        },
        {
            "type": "custom_tool_call_output",
            "call_id": "call_2",
            "output": [{"type": "input_text", "text": "done"}],
        },
    ]
    conversation = read(api, {"input": items})
    assert conversation.messages == (
        Message("assistant", "", (CalledTool("bash", '{"command":"ls"}', "call_1"),)),
        Message("tool", "a.txt", call_id="call_1"),
        Message("assistant", "", (CalledTool("apply_patch", "*** Begin", "call_2"),)),
        Message("tool", "done", call_id="call_2"),
    )


@both_apis
def test_items_keep_their_ids_and_those_that_stand_for_others_are_part_of_the_history(
    api: str,
) -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "id": "msg_1", "role": "assistant", "content": "Hello"},
        {"type": "item_reference", "id": "msg_2"},
        {"id": "msg_3"},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    assert read(api, {"input": items}).messages == (
        Message("reasoning", "", item_id="rs_1"),
        Message("assistant", "Hello", item_id="msg_1"),
        Message("item_reference", "", item_id="msg_2"),
        Message("item_reference", "", item_id="msg_3"),
        Message("assistant", "", (CalledTool("f", "{}", "c"),), item_id="fc_1"),
    )


@both_apis
def test_an_output_without_a_call_id_stays_a_message(api: str) -> None:
    assert read(api, {"input": [{"type": "function_call_output", "output": "a.txt"}]}).messages == (
        Message("tool", "a.txt"),
    )
