"""Requests that the real APIs refuse, each with its nearest one that they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.requests import request_to

Json = dict[str, Any]

USER: Json = {"role": "user", "content": "Go."}
STRICT: Json = {
    "type": "object",
    "properties": {"a": {"type": "object", "properties": {}, "additionalProperties": False}},
    "required": ["a"],
    "additionalProperties": False,
}
LOOSE_ITEMS = {**STRICT, "properties": {"a": {"type": "array", "items": {"type": "object"}}}}
LOOSE = {**STRICT, "properties": {"a": {"type": "object", "properties": {}}}}


@dataclass(frozen=True)
class Case:
    """A request that is refused in these words, and its nearest one that is not."""

    rule: str
    refused: Json
    taken: Json
    message: str
    index: int | None = None
    param: str | None = None
    code: str | None = None


def too_long(param: str, most: int, length: int) -> str:
    return (
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, but "
        f"got a string with length {length} instead."
    )


def empty_array(param: str) -> str:
    return (
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an "
        "empty array instead."
    )


# Chat Completions


def called(*ids: Any, **more: Any) -> Json:
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls, **more}


def result(name: str, content: Any = "ok") -> Json:
    return {"role": "tool", "tool_call_id": name, "content": content}


def chat(*messages: Json, **more: Any) -> Json:
    return request_to("chat", messages=[USER, *messages], **more)


def function(name: str = "f", **more: Any) -> Json:
    return {"type": "function", "function": {"name": name, **more}}


UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: "
)
ORPHAN = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
    "'tool_calls'."
)
NULL = "Invalid value for 'content': expected a string, got null."
OPTION = "Invalid value for '{0}': '{0}' is only allowed when 'tools' are specified."
NAME = (
    "Invalid '{0}': string does not match pattern. Expected a string that matches the pattern "
    "'^[a-zA-Z0-9_-]+$'."
)
ADDITIONAL = (
    "Invalid schema for function 'f': In context={0}, 'additionalProperties' is required to be "
    "supplied and to be false."
)
REQUIRED = (
    "Invalid schema for function 'f': In context=(), 'required' is required to be supplied and to "
    "be an array including every key in properties. Missing 'a'."
)

CHAT = [
    Case(
        "call_without_result",
        chat(called("a"), USER),
        chat(called("a"), result("a"), USER),
        UNANSWERED + "a",
        1,
        "messages.[2].role",
    ),
    Case(
        "call_without_result",
        chat(called("a", "b", "c"), result("b")),
        chat(called("a", "b", "c"), result("b"), result("c"), result("a")),
        UNANSWERED + "a, c",
        1,
        "messages.[2].role",
    ),
    Case(
        "call_without_result",
        chat(called("a", "b"), result("a"), {"role": "system", "content": "x"}, USER),
        chat(called("a"), result("a"), {"role": "system", "content": "x"}),
        UNANSWERED + "b",
        1,
        "messages.[3].role",
    ),
    Case(
        "result_without_call",
        chat(result("a"), result("b")),
        chat(called("a", "b"), result("a"), result("b")),
        ORPHAN,
        1,
        "messages.[1].role",
    ),
    Case(
        "result_without_call",
        request_to("chat", messages=[result("a"), USER]),
        request_to("chat", messages=[called("a"), result("a"), USER]),
        ORPHAN,
        0,
        "messages.[0].role",
    ),
    Case(
        "result_of_other_call",
        chat(called("a"), result("a"), result("z")),
        chat(called("a", "z"), result("a"), result("z")),
        "Invalid parameter: 'tool_call_id' of 'z' not found in 'tool_calls' of previous message.",
        3,
        "messages.[3].tool_call_id",
    ),
    Case(
        "result_without_id",
        chat(called("a"), {"role": "tool", "content": "ok"}, result("a")),
        chat(called("a"), result("a")),
        "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.",
        2,
        "messages.[2].tool_call_id",
    ),
    Case(
        "call_id_too_long",
        chat(called("a", "x" * 41), result("a"), result("x" * 41)),
        chat(called("a", "x" * 40), result("a"), result("x" * 40)),
        too_long("messages[1].tool_calls[1].id", 40, 41),
        1,
        "messages[1].tool_calls[1].id",
        "string_above_max_length",
    ),
    Case(
        "calls_empty",
        chat({"role": "assistant", "content": "x", "tool_calls": []}),
        chat({"role": "assistant", "content": "x", "tool_calls": None}),
        empty_array("messages[1].tool_calls"),
        1,
        "messages[1].tool_calls",
        "empty_array",
    ),
    Case(
        "content_missing",
        chat({"role": "assistant", "content": None}),
        chat({"role": "assistant", "content": ""}),
        NULL,
        1,
        "messages.[1].content",
    ),
    Case(
        "content_missing",
        chat({"role": "user"}),
        chat({"role": "user", "content": ""}),
        NULL,
        1,
        "messages.[1].content",
    ),
    Case(
        "content_missing",
        chat(called("a"), result("a", None)),
        chat(called("a"), result("a", "")),
        NULL,
        2,
        "messages.[2].content",
    ),
    Case(
        "tools_empty",
        chat(tools=[]),
        chat(tools=None),
        empty_array("tools"),
        None,
        "tools",
        "empty_array",
    ),
    Case(
        "tool_name",
        chat(tools=[function(), function("my.tool")]),
        chat(tools=[function(), function("my-tool_2")]),
        NAME.format("tools[1].function.name"),
        None,
        "tools[1].function.name",
        "invalid_value",
    ),
    Case(
        "tool_name",
        chat(tools=[function("x" * 65)]),
        chat(tools=[function("x" * 64)]),
        too_long("tools[0].function.name", 64, 65),
        None,
        "tools[0].function.name",
        "string_above_max_length",
    ),
    Case(
        "strict_schema",
        chat(tools=[function(strict=True, parameters={**STRICT, "additionalProperties": True})]),
        chat(tools=[function(strict=True, parameters=STRICT)]),
        ADDITIONAL.format("()"),
        None,
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "strict_schema",
        chat(tools=[function(strict=True, parameters=LOOSE)]),
        chat(tools=[function(strict=False, parameters=LOOSE)]),
        ADDITIONAL.format("('properties', 'a')"),
        None,
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "strict_schema",
        chat(tools=[function(strict=True, parameters=LOOSE_ITEMS)]),
        chat(tools=[function(strict=None, parameters=LOOSE_ITEMS)]),
        ADDITIONAL.format("('properties', 'a', 'items')"),
        None,
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "strict_schema",
        chat(tools=[function(strict=True, parameters={**STRICT, "required": []})]),
        chat(tools=[function(parameters={**STRICT, "required": []})]),
        REQUIRED,
        None,
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "option_without_tools",
        chat(tool_choice="auto"),
        chat(tool_choice="auto", tools=[function()]),
        OPTION.format("tool_choice"),
        None,
        "tool_choice",
    ),
    Case(
        "option_without_tools",
        chat(parallel_tool_calls=False),
        chat(parallel_tool_calls=None),
        OPTION.format("parallel_tool_calls"),
        None,
        "parallel_tool_calls",
    ),
    Case(
        "json_not_mentioned",
        chat(response_format={"type": "json_object"}),
        chat(
            {"role": "user", "content": [{"type": "text", "text": "As Json."}]},
            response_format={"type": "json_object"},
        ),
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
        "'json_object'.",
        None,
        "messages",
    ),
]

# Responses


def responses(*items: Json, **more: Any) -> Json:
    return request_to("responses", input=[USER, *items], **more)


def call(name: str, item_id: str | None = None, **more: Any) -> Json:
    own = {} if item_id is None else {"id": item_id}
    fields = {"type": "function_call", "call_id": name, "name": "f", "arguments": "{}"}
    return {**fields, **own, **more}


def output(name: str, kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": name, "output": "ok"}


def reasoning(item_id: str | None = "rs_1", **more: Any) -> Json:
    own = {} if item_id is None else {"id": item_id}
    return {"type": "reasoning", "summary": [], **own, **more}


def answer(text: str, item_id: str | None = None, part: str = "output_text") -> Json:
    own = {} if item_id is None else {"id": item_id}
    content = [{"type": part, "text": text}]
    return {"type": "message", "role": "assistant", "content": content, **own}


MADE = "llmsim_0123456789abcdef_0"
OTHER = "llmsim_0123456789abcdef_1"
ALONE = "Item '{0}' of type 'reasoning' was provided without its required following item."
NO_OUTPUT = "No tool output found for function call {0}."
NO_CALL = "No tool call found for function call output with call_id {0}."

RESPONSES = [
    Case(
        "call_without_result",
        responses(call("a"), USER),
        responses(call("a"), output("a"), USER),
        NO_OUTPUT.format("a"),
        1,
        "input",
    ),
    Case(
        "call_without_result",
        responses(call("a"), call("b"), output("a")),
        responses(call("a"), call("b"), output("b"), output("a")),
        NO_OUTPUT.format("b"),
        2,
        "input",
    ),
    Case(
        "call_without_result",
        responses({"type": "custom_tool_call", "call_id": "a", "name": "f", "input": ""}),
        responses(
            {"type": "custom_tool_call", "call_id": "a", "name": "f", "input": ""},
            output("a", "custom_tool_call_output"),
        ),
        "No tool output found for custom tool call a.",
        1,
        "input",
    ),
    Case(
        "result_without_call",
        responses(output("a")),
        responses(output("a"), conversation="conv_1"),
        NO_CALL.format("a"),
        1,
        "input",
    ),
    Case(
        "result_without_call",
        responses(output("a"), call("a")),
        responses(call("a"), output("a")),
        NO_CALL.format("a"),
        1,
        "input",
    ),
    Case(
        "reasoning_without_item",
        responses(reasoning()),
        responses(reasoning(), answer("x", "msg_1")),
        ALONE.format("rs_1"),
        1,
        "input",
    ),
    Case(
        "reasoning_without_item",
        responses(call("a", "fc_1"), reasoning(), output("a")),
        responses(reasoning(), call("a", "fc_1"), output("a")),
        ALONE.format("rs_1"),
        2,
        "input",
    ),
    Case(
        "reasoning_without_item",
        responses(reasoning(f"rs_{MADE}"), answer("x", f"msg_{OTHER}")),
        responses(reasoning(f"rs_{MADE}"), answer("x", f"msg_{MADE}")),
        ALONE.format(f"rs_{MADE}"),
        1,
        "input",
    ),
    Case(
        "reasoning_without_item",
        responses({"type": "item_reference", "id": "rs_1"}, USER),
        responses({"type": "item_reference", "id": "rs_1"}, {"id": "msg_1"}),
        ALONE.format("rs_1"),
        1,
        "input",
    ),
    Case(
        "item_without_reasoning",
        responses(answer("x", f"msg_{MADE}")),
        responses(reasoning(f"rs_{MADE}"), answer("x", f"msg_{MADE}")),
        f"Item 'msg_{MADE}' of type 'message' was provided without its required 'reasoning' item: "
        f"'rs_{MADE}'.",
        1,
        "input",
    ),
    Case(
        "item_without_reasoning",
        responses(call("a", f"fc_{MADE}_0"), output("a")),
        responses(call("a"), output("a")),
        f"Item 'fc_{MADE}_0' of type 'function_call' was provided without its required 'reasoning' "
        f"item: 'rs_{MADE}'.",
        1,
        "input",
    ),
    Case(
        "item_twice",
        responses(answer("x", "msg_1"), USER, answer("x", "msg_1")),
        responses(answer("x", "msg_1"), USER, answer("x", "msg_2")),
        "Duplicate item found with id msg_1. Remove duplicate items from your input and try again.",
        3,
        "input",
    ),
    Case(
        "item_id_of_other_kind",
        responses(call("a", "call_1"), output("a")),
        responses(call("a", "fc_1"), output("a")),
        "Invalid 'input[1].id': 'call_1'. Expected an ID that begins with 'fc'.",
        1,
        "input[1].id",
        "invalid_value",
    ),
    Case(
        "item_id_of_other_kind",
        responses(reasoning("x"), answer("x", "msg_1")),
        responses(reasoning("rs_x"), answer("x", "msg_1")),
        "Invalid 'input[1].id': 'x'. Expected an ID that begins with 'rs'.",
        1,
        "input[1].id",
        "invalid_value",
    ),
    Case(
        "input_text_of_assistant",
        responses(answer("x", part="input_text")),
        responses(answer("x")),
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        1,
        "input[1].content[0]",
        "invalid_value",
    ),
    Case(
        "call_id_too_long",
        responses(call("x" * 65), output("x" * 65)),
        responses(call("x" * 64), output("x" * 64)),
        too_long("input[1].call_id", 64, 65),
        1,
        "input[1].call_id",
        "string_above_max_length",
    ),
    Case(
        "tool_name",
        responses(tools=[{"type": "function", "name": "my tool"}]),
        responses(tools=[{"type": "web_search", "name": "my tool"}]),
        NAME.format("tools[0].name"),
        None,
        "tools[0].name",
        "invalid_value",
    ),
    Case(
        "strict_schema",
        responses(tools=[{"type": "function", "name": "f", "strict": True, "parameters": LOOSE}]),
        responses(tools=[{"type": "function", "name": "f", "strict": True, "parameters": STRICT}]),
        ADDITIONAL.format("('properties', 'a')"),
        None,
        "tools[0].parameters",
        "invalid_function_parameters",
    ),
]

# Anthropic Messages


def messages(*said: Json, model: str = "m", **more: Any) -> Json:
    return request_to("anthropic", messages=[USER, *said], model=model, **more)


def blocks(role: str, *content: Json) -> Json:
    return {"role": role, "content": list(content)}


def use(name: str) -> Json:
    return {"type": "tool_use", "id": name, "name": "f", "input": {}}


def tool_result(name: str, content: Any = "ok") -> Json:
    return {"type": "tool_result", "tool_use_id": name, "content": content}


def words(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text, **more}


def custom(name: str = "f", **schema: Any) -> Json:
    return {"name": name, "input_schema": {"type": "object", **schema}}


MARKED = {"cache_control": {"type": "ephemeral"}}
NO_RESULT = (
    "messages.{0}: `tool_use` ids were found without `tool_result` blocks immediately after: {1}. "
    "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
)
NO_USE = (
    "messages.{0}.content.{1}: unexpected `tool_use_id` found in `tool_result` blocks: {2}. Each "
    "`tool_result` block must have a corresponding `tool_use` block in the previous message."
)
HOLLOW = (
    "messages.{0}: all messages must have non-empty content except for the optional final "
    "assistant message"
)
PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user "
    "message."
)
WHITE = "messages: final assistant content cannot end with trailing whitespace"
THINKING = {"type": "enabled", "budget_tokens": 2048}

ANTHROPIC = [
    Case(
        "call_without_result",
        messages(blocks("assistant", use("a"), use("b")), blocks("user", tool_result("a"))),
        messages(
            blocks("assistant", use("a"), use("b")),
            blocks("user", tool_result("b"), tool_result("a")),
        ),
        NO_RESULT.format(1, "b"),
        1,
    ),
    Case(
        "call_without_result",
        messages(blocks("assistant", use("a")), USER, blocks("assistant", words("x"))),
        messages(blocks("assistant", use("a"))),
        NO_RESULT.format(1, "a"),
        1,
    ),
    Case(
        "call_without_result",
        messages(blocks("assistant", use("a")), blocks("user", tool_result("z"))),
        messages(blocks("assistant", use("z")), blocks("user", tool_result("z"))),
        NO_RESULT.format(1, "a"),
        1,
    ),
    Case(
        "result_without_call",
        messages(blocks("user", words("x"), tool_result("a"))),
        messages(blocks("assistant", use("a")), blocks("user", words("x"), tool_result("a"))),
        NO_USE.format(1, 1, "a"),
        1,
    ),
    Case(
        "result_without_call",
        messages(
            blocks("assistant", use("a")),
            blocks("user", tool_result("a")),
            blocks("assistant", words("x")),
            blocks("user", tool_result("a")),
        ),
        messages(
            blocks("assistant", use("a")),
            blocks("user", tool_result("a")),
            blocks("assistant", words("x")),
            USER,
        ),
        NO_USE.format(4, 0, "a"),
        4,
    ),
    Case(
        "result_without_call",
        messages(
            blocks("user", tool_result("a")),
            blocks("assistant", words("x")),
            blocks("user", tool_result("b")),
            thread={"type": "continue", "previous_message_id": "msg_1"},
        ),
        messages(
            blocks("user", tool_result("a")),
            blocks("assistant", use("b")),
            blocks("user", tool_result("b")),
            thread={"type": "continue", "previous_message_id": "msg_1"},
        ),
        NO_USE.format(3, 0, "b"),
        3,
    ),
    Case(
        "result_without_call",
        messages(blocks("user", tool_result("a")), thread={"type": "create"}),
        messages(blocks("user", words("x")), thread={"type": "create"}),
        NO_USE.format(1, 0, "a"),
        1,
    ),
    Case(
        "result_twice",
        messages(blocks("assistant", use("a")), blocks("user", tool_result("a"), tool_result("a"))),
        messages(blocks("assistant", use("a")), blocks("user", tool_result("a"), words("x"))),
        "messages.2.content.1: each tool_use must have a single result. Found multiple "
        "`tool_result` blocks with id: a",
        2,
    ),
    Case(
        "call_id_twice",
        messages(
            *[blocks("assistant", use("a")), blocks("user", tool_result("a"))] * 2,
        ),
        messages(
            blocks("assistant", use("a")),
            blocks("user", tool_result("a")),
            blocks("assistant", use("b")),
            blocks("user", tool_result("b")),
        ),
        "messages.3.content.0: `tool_use` ids must be unique",
        3,
    ),
    Case(
        "call_id_form",
        messages(blocks("assistant", use("a.b")), blocks("user", tool_result("a.b"))),
        messages(blocks("assistant", use("a-b_1")), blocks("user", tool_result("a-b_1"))),
        "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        1,
    ),
    Case(
        "call_id_form",
        messages(
            blocks("assistant", use("a"), use("")),
            blocks("user", tool_result("a"), tool_result("")),
        ),
        messages(
            blocks("assistant", use("a"), use("b")),
            blocks("user", tool_result("a"), tool_result("b")),
        ),
        "messages.1.content.1.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        1,
    ),
    Case(
        "text_empty",
        messages(blocks("user", words("x"), words(""))),
        messages(blocks("user", words("x"))),
        "messages: text content blocks must be non-empty",
        1,
    ),
    Case(
        "text_empty",
        messages(blocks("user", words("\n\n"))),
        messages(blocks("user", words("x\n\n"))),
        "messages: text content blocks must contain non-whitespace text",
        1,
    ),
    Case(
        "content_empty",
        messages({"role": "assistant", "content": []}, USER),
        messages({"role": "assistant", "content": []}),
        HOLLOW.format(1),
        1,
    ),
    Case(
        "content_empty",
        messages({"role": "user", "content": ""}),
        messages({"role": "user", "content": "x"}),
        HOLLOW.format(1),
        1,
    ),
    Case(
        "prefill",
        messages({"role": "assistant", "content": "{"}, model="claude-sonnet-4-6"),
        messages({"role": "assistant", "content": "{"}, model="claude-sonnet-4-5-20250929"),
        PREFILL,
        1,
    ),
    Case(
        "prefill",
        messages({"role": "assistant", "content": "{"}, model="claude-opus-5"),
        messages({"role": "assistant", "content": "{"}, model="opus"),
        PREFILL,
        1,
    ),
    Case(
        "white_space_at_end",
        messages({"role": "assistant", "content": "So "}, model="claude-sonnet-4-20250514"),
        messages({"role": "assistant", "content": "So"}, model="claude-sonnet-4-20250514"),
        WHITE,
        1,
    ),
    Case(
        "white_space_at_end",
        messages(blocks("assistant", words("So\n")), model="claude-3-5-haiku-latest"),
        messages(blocks("assistant", words("So\n")), model="some-model"),
        WHITE,
        1,
    ),
    Case(
        "tool_name",
        messages(tools=[custom(), custom("my.tool")]),
        messages(tools=[custom(), custom("x" * 128)]),
        "tools.1.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    Case(
        "tool_name_twice",
        messages(tools=[custom(), custom("g"), custom()]),
        messages(tools=[custom(), custom("g")]),
        "tools: Tool names must be unique.",
    ),
    Case(
        "combined_schema",
        messages(tools=[custom(anyOf=[{"required": ["a"]}])]),
        messages(tools=[custom(properties={"a": {"anyOf": []}})]),
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the "
        "top level",
    ),
    Case(
        "cache_controls",
        messages(
            blocks("user", words("x", **MARKED), words("y", **MARKED)),
            system=[words("s", **MARKED)],
            tools=[{**custom(), **MARKED}, {**custom("g"), **MARKED}],
        ),
        messages(
            blocks("user", words("x", **MARKED), words("y", **MARKED)),
            system=[words("s", **MARKED)],
            tools=[{**custom(), **MARKED}],
        ),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    Case(
        "thinking_budget",
        messages(thinking=THINKING, max_tokens=2048, model="claude-sonnet-4-5"),
        messages(thinking=THINKING, max_tokens=2049, model="claude-sonnet-4-5"),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    Case(
        "thinking_budget",
        messages(
            thinking=THINKING, max_tokens=1, model="claude-3-7-sonnet-20250219", tools=[custom()]
        ),
        messages(thinking=THINKING, max_tokens=1, model="claude-opus-4-1", tools=[custom()]),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
]

CASES = {
    "chat": CHAT,
    "responses": RESPONSES,
    "openresponses": RESPONSES,
    "anthropic": ANTHROPIC,
}

# What looks wrong and is taken.
ACCEPTED: dict[str, dict[str, Json]] = {
    "chat": {
        "several system and developer messages, anywhere": chat(
            {"role": "system", "content": "a"},
            {"role": "developer", "content": "b"},
            {"role": "assistant", "content": "x"},
            {"role": "system", "content": "c"},
        ),
        "an empty text beside calls": chat(called("a", content=""), result("a")),
        "null beside calls": chat(called("a"), result("a")),
        "no content beside calls": chat(
            {name: value for name, value in called("a").items() if name != "content"}, result("a")
        ),
        "results in another order": chat(called("a", "b"), result("b"), result("a")),
        "one result twice": chat(called("a"), result("a"), result("a")),
        "a call id of any form": chat(called("Ä ü/?.:1"), result("Ä ü/?.:1")),
        "messages of one role in a row": chat(USER, USER, called("a"), result("a"), USER, USER),
        "a refusal without content": chat({"role": "assistant", "refusal": "no", "content": None}),
        "calls and results of before there were tools": chat(
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}},
            {"role": "function", "name": "f", "content": "ok"},
        ),
    },
    "responses": {
        "reasoning with encrypted content and without an id": responses(
            reasoning(None, encrypted_content="x"), store=False
        ),
        "an item with an id behind such reasoning": responses(
            reasoning(None, encrypted_content="x"), answer("x", f"msg_{MADE}")
        ),
        "references to what was stored": responses(
            {"type": "item_reference", "id": "rs_1"},
            {"type": "item_reference", "id": "fc_1"},
            output("a"),
        ),
        "an output of a response that nobody knows here": responses(
            output("a"), previous_response_id="resp_1"
        ),
        "an output of a stored prompt's call": responses(output("a"), prompt={"id": "pmpt_1"}),
        "a call id of any form": responses(call("Ä ü/?.:1"), output("Ä ü/?.:1")),
        "outputs before the next call, and after all": responses(
            call("a"), output("a"), call("b"), call("c"), output("c"), answer("x"), output("b")
        ),
        "reasoning before reasoning and a search": responses(
            reasoning("rs_1"),
            reasoning("rs_2"),
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            answer("x", "msg_1"),
        ),
        "a text of the user in parts": responses(
            {"role": "user", "content": [{"type": "input_text", "text": "x"}]}
        ),
        "ids of items of any other type": responses({"type": "compaction", "id": "x"}),
        "a plain text": request_to("responses", input="Go."),
        "no input beside a prompt": {"model": "m", "prompt": {"id": "pmpt_1"}},
    },
    "anthropic": {
        "messages of one role in a row": messages(
            USER,
            blocks("assistant", words("x")),
            blocks("assistant", use("a"), use("b")),
            blocks("user", tool_result("a")),
            blocks("user", tool_result("b")),
            USER,
        ),
        "calls in two messages, answered in one": messages(
            blocks("assistant", use("a")),
            blocks("assistant", use("b")),
            blocks("user", tool_result("b"), tool_result("a")),
        ),
        "system as the last message": messages(
            {"role": "system", "content": "x"}, model="claude-opus-4-8"
        ),
        "system between a call and its result": messages(
            blocks("assistant", use("a")),
            {"role": "system", "content": "x"},
            blocks("user", tool_result("a")),
        ),
        "a result without content": messages(
            blocks("assistant", use("a")), blocks("user", {**tool_result("a"), "content": None})
        ),
        "a paused answer that is to go on": messages(
            blocks("assistant", {"type": "server_tool_use", "id": "srvtoolu_1", "name": "w"}),
            model="claude-opus-4-6",
        ),
        "results without tools": messages(
            blocks("assistant", use("a")), blocks("user", tool_result("a"))
        ),
        "a last message of the assistant without content": messages(
            {"role": "assistant", "content": ""}, model="claude-sonnet-4-5"
        ),
        "four marks, one of them null": messages(
            blocks("user", *[words("x", **MARKED)] * 4, words("x", cache_control=None))
        ),
        "results of a call that the server holds": messages(
            blocks("user", tool_result("a")),
            blocks("assistant", use("b")),
            blocks("user", tool_result("b")),
            thread={"type": "continue", "previous_message_id": "msg_1"},
        ),
        "adaptive thinking": messages(thinking={"type": "adaptive"}, model="claude-opus-4-6"),
    },
}
ACCEPTED["openresponses"] = ACCEPTED["responses"]
