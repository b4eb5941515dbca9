"""What a plain answer of any API says, read out by hand.

And what it has to say by the README's table.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from llmsim.reply import Reply
from llmsim.usage import Usage

# The finish reason in the script -> that of the API.
CHAT_FINISHES = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "content_filter": "content_filter",
}
RESPONSES_FINISHES = {
    "stop": ("completed", None),
    "tool_calls": ("completed", None),
    "length": ("incomplete", {"reason": "max_output_tokens"}),
    "content_filter": ("incomplete", {"reason": "content_filter"}),
}
ANTHROPIC_FINISHES = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}


class Said(NamedTuple):
    """`finish` is the API's own word. A call is its id, its name and its arguments. `figures`.

    Prompt, completion, reasoning, cached.
    """

    reasoning: str | None
    text: str | None
    refusal: str | None
    calls: list[tuple[str, str, Any]]
    finish: Any
    figures: tuple[int, ...]


def expected(api: str, reply: Reply, usage: Usage) -> Said:
    """What the API has to say."""
    calls = [(call.id, call.name, call.arguments) for call in reply.calls]
    figures = (usage.prompt, usage.completion, usage.reasoning, usage.cached)
    if api == "chat":
        return Said(
            reply.reasoning,
            reply.text,
            reply.refusal,
            calls,
            CHAT_FINISHES[reply.finish_reason],
            figures,
        )
    if api != "anthropic":
        return Said(
            reply.reasoning,
            reply.text,
            reply.refusal,
            calls,
            RESPONSES_FINISHES[reply.finish_reason],
            figures,
        )
    # Here a refusal is a text, an empty block is none, arguments are an object, and what is cached
    # is not in the prompt.
    refuses = reply.refusal is not None and reply.finish is None
    finish = "refusal" if refuses else ANTHROPIC_FINISHES[reply.finish_reason]
    wrapped = [
        (*call[:2], call[2] if isinstance(call[2], dict) else {"value": call[2]}) for call in calls
    ]
    figures = (
        max(0, usage.prompt - usage.cached),
        usage.completion,
        usage.reasoning,
        usage.cached,
    )
    return Said(
        reply.reasoning or None, reply.text or reply.refusal or None, None, wrapped, finish, figures
    )


def in_chat(choice: dict[str, Any], usage: dict[str, Any]) -> Said:
    message = choice["message"]
    functions = [(call["id"], call["function"]) for call in message.get("tool_calls", ())]
    calls = [
        (call_id, function["name"], json.loads(function["arguments"]))
        for call_id, function in functions
    ]
    figures = (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage["completion_tokens_details"]["reasoning_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
    )
    return Said(
        message.get("reasoning_content"),
        message["content"],
        message["refusal"],
        calls,
        choice["finish_reason"],
        figures,
    )


def in_response(payload: dict[str, Any]) -> Said:
    items = payload["output"]
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    calls = [
        (item["call_id"], item["name"], json.loads(item["arguments"]))
        for item in items
        if item["type"] == "function_call"
    ]
    usage = payload["usage"]
    figures = (
        usage["input_tokens"],
        usage["output_tokens"],
        usage["output_tokens_details"]["reasoning_tokens"],
        usage["input_tokens_details"]["cached_tokens"],
    )
    return Said(
        _only(
            part["text"]
            for item in items
            if item["type"] == "reasoning"
            for part in item["summary"]
        ),
        _only(part["text"] for part in parts if part["type"] == "output_text"),
        _only(part["refusal"] for part in parts if part["type"] == "refusal"),
        calls,
        (payload["status"], payload["incomplete_details"]),
        figures,
    )


def in_message(payload: dict[str, Any]) -> Said:
    blocks, usage = payload["content"], payload["usage"]
    figures = (
        usage["input_tokens"],
        usage["output_tokens"],
        usage["output_tokens_details"]["thinking_tokens"],
        usage["cache_read_input_tokens"],
    )
    return Said(
        _only(block["thinking"] for block in blocks if block["type"] == "thinking"),
        _only(block["text"] for block in blocks if block["type"] == "text"),
        None,
        [
            (block["id"], block["name"], block["input"])
            for block in blocks
            if block["type"] == "tool_use"
        ],
        payload["stop_reason"],
        figures,
    )


def _only(found: Any) -> str | None:
    texts = list(found)
    assert len(texts) < 2
    return texts[0] if texts else None
