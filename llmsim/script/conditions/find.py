"""What a request says, as conditions ask for it."""

from __future__ import annotations

from typing import Any

from llmsim.conversation import (
    ASSISTANT_ROLES,
    RESULT_ROLE,
    SYSTEM_ROLES,
    Request,
)
from llmsim.script.expressions import look_up, results, seen_in, user_message

# What the APIs call it, in the order of Chat, which has two names for it.
MAX_TOKENS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def first_text(request: Request) -> str | None:
    """The text of the user's first message."""
    found = user_message(request.conversation)
    return found.text if found else None


def last_text(request: Request) -> str | None:
    """The text of the last message, whoever said it; that of a system message does not count."""
    found = request.conversation.last_message
    return found.text if found else None


def last_role(request: Request) -> str | None:
    """Who said it: `user`, `assistant`, or `tool` for what a tool returned."""
    found = request.conversation.last_message
    return found.role if found else None


def texts(request: Request) -> list[str]:
    """The texts of all messages, system messages among them."""
    conversation = request.conversation
    return [conversation.system, *(message.text for message in conversation.messages)]


def tools(request: Request) -> list[str]:
    """The names of the tools that are offered."""
    return [tool.name for tool in request.conversation.tools]


def max_tokens(request: Request) -> int | None:
    """How long the answer may be, by whichever name the API has for it."""
    said = (request.body.get(name) for name in MAX_TOKENS)
    return next((number for number in said if type(number) is int), None)


def message_count(request: Request) -> int:
    """How many messages there are, the same number on every API.

    System messages do not count. What the assistant says in one answer is one message, each result
    of a tool is one.
    """
    count, in_answer = 0, False
    for message in request.conversation.messages:
        if message.role in SYSTEM_ROLES:
            continue
        by_assistant = message.role in ASSISTANT_ROLES
        count += not (by_assistant and in_answer)
        in_answer = by_assistant
    return count


def newest_results(request: Request) -> list[dict[str, str]]:
    """What tools returned since the last answer."""
    messages = request.conversation.messages
    newest = 0
    for message in reversed(messages):
        if message.role in ASSISTANT_ROLES:
            break
        newest += message.role == RESULT_ROLE
    found = results(request.conversation)[-newest:] if newest else []
    return [{"tool": tool, "text": message.text} for tool, message in found]


def headers(request: Request, asked: dict[str, str]) -> dict[str, str | None]:
    """The headers that are asked for."""
    return {name: request.headers.get(name.lower()) for name in asked}


def values(request: Request, asked: dict[str, Any]) -> dict[str, Any]:
    """What the expressions find."""
    seen = seen_in(request)
    return {expression: look_up(expression, seen) for expression in asked}
