"""One conversation, as clients of each API send it."""

from __future__ import annotations

from typing import Any

from llmsim.apis import APIS
from llmsim.conversation import Request

SYSTEM = "You are a helpful clerk."
FIRST = "Where is my order 7?"
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}

CHAT: dict[str, Any] = {
    "model": "gpt-5-mini",
    "max_completion_tokens": 500,
    "messages": [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": FIRST},
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "find", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "ship", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": '{"id": 7}'},
        {"role": "tool", "tool_call_id": "b", "content": "sent"},
    ],
    "tools": [
        {"type": "function", "function": {"name": name, "parameters": PARAMETERS}}
        for name in ("find", "ship")
    ],
}
RESPONSES: dict[str, Any] = {
    "model": "gpt-5-mini",
    "max_output_tokens": 500,
    "instructions": SYSTEM,
    "input": [
        {"role": "user", "content": FIRST},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "content": [{"type": "output_text", "text": "Let me look.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "a", "name": "find", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "ship", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": '{"id": 7}'},
        {"type": "function_call_output", "call_id": "b", "output": "sent"},
    ],
    "tools": [
        {"type": "function", "name": name, "parameters": PARAMETERS} for name in ("find", "ship")
    ],
}
ANTHROPIC: dict[str, Any] = {
    "model": "gpt-5-mini",
    "max_tokens": 500,
    "system": SYSTEM,
    "messages": [
        {"role": "user", "content": FIRST},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "a", "name": "find", "input": {}},
                {"type": "tool_use", "id": "b", "name": "ship", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": '{"id": 7}'},
                {"type": "tool_result", "tool_use_id": "b", "content": "sent"},
            ],
        },
    ],
    "tools": [{"name": name, "input_schema": PARAMETERS} for name in ("find", "ship")],
}
BODIES = {
    "chat": CHAT,
    "responses": RESPONSES,
    "openresponses": RESPONSES,
    "anthropic": ANTHROPIC,
}


def request_of(api: str, **changes: Any) -> Request:
    """The conversation as a request of that API."""
    body = BODIES[api] | changes
    call = next(each.renderer for each in APIS if each.renderer.name == api).read(body)
    headers = {"user-agent": "clerk/1.2"}
    return Request(call.conversation, api, call.model, call.stream, "user-7", 0, headers, body)
