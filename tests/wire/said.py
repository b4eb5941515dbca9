"""What a plain answer of any API says, read out by hand.

And what it has to say by the README's table.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.wire.cases import Case

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
    """`finish` is the API's own word. A call is its id, its name and its arguments or its text.

    `figures` are prompt, completion, reasoning, cached.
    """

    reasoning: str | None
    text: str | None
    refusal: str | None
    calls: list[tuple[str | None, str, Any]]
    finish: Any
    figures: tuple[int, ...]


def expected(case: Case, choice: int = 0) -> Said:
    """What the API has to say, in the choice of that index."""
    reply, usage = case.reply, case.usage
    calls: list[tuple[str | None, str, Any]] = [
        (
            call.id,
            call.name,
            as_text(call.arguments) if call.name in case.custom else call.arguments,
        )
        for call in reply.calls
    ]
    figures = (usage.prompt, usage.completion, usage.reasoning, usage.cached)
    if case.api == "chat":
        return _expected_in_chat(case, calls, choice)
    if case.api != "anthropic":
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


def _expected_in_chat(case: Case, calls: list[tuple[str | None, str, Any]], choice: int) -> Said:
    reply, usage, count = case.reply, case.usage, case.extra.get("n", 1)
    finish = CHAT_FINISHES[reply.finish_reason]
    if case.is_legacy:
        calls = [(None, *call[1:]) for call in calls[:1]]
        finish = "function_call" if finish == "tool_calls" else finish
    if choice:
        calls = [(f"{call[0]}_{choice}", *call[1:]) for call in calls]
    return Said(
        reply.reasoning,
        reply.text,
        reply.refusal,
        calls,
        finish,
        (usage.prompt, usage.completion * count, usage.reasoning * count, usage.cached),
    )


def as_text(arguments: Any) -> str:
    """What a custom tool gets of a call's arguments, by the README."""
    if isinstance(arguments, dict) and len(arguments) == 1:
        arguments = next(iter(arguments.values()))
    return arguments if isinstance(arguments, str) else json.dumps(arguments, separators=(",", ":"))


def in_chat(choice: dict[str, Any], usage: dict[str, Any]) -> Said:
    message = choice["message"]
    calls: list[tuple[str | None, str, Any]] = [
        (
            call["id"],
            call[call["type"]]["name"],
            call["custom"]["input"]
            if call["type"] == "custom"
            else json.loads(call["function"]["arguments"]),
        )
        for call in message.get("tool_calls", ())
    ]
    if function := message.get("function_call"):
        calls.append((None, function["name"], json.loads(function["arguments"])))
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
    calls: list[tuple[str | None, str, Any]] = [
        (
            item["call_id"],
            item["name"],
            item["input"] if item["type"] == "custom_tool_call" else json.loads(item["arguments"]),
        )
        for item in items
        if item["type"] in ("function_call", "custom_tool_call")
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
