"""JMESPath expressions, and what they look at: a request, in the same words for all APIs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from llmsim.conversation import RESULT_ROLE, CalledTool, Conversation, Message, Request
from llmsim.json_text import parse, parse_exactly
from llmsim.registry import unknown
from llmsim.script.rules import a_string

WORDS = ("model", "system", "first", "last", "results", "body")
"""What an expression can look at; see `seen_in`."""

_LONG_INTEGER = re.compile("[0-9]{19}")
# Of these only the first child looks at the request, the others at what that has found.
_CHAINS = {
    "subexpression",
    "index_expression",
    "projection",
    "value_projection",
    "filter_projection",
    "flatten",
    "pipe",
}


def an_expression(value: Any) -> str | None:
    """A JMESPath expression; the error says what is wrong with it and at which character.

    One that looks at none of the `WORDS` would never find anything.
    """
    if problem := a_string(value):
        return problem
    try:
        parsed = _compiled(value).parsed
    except JMESPathError as error:
        return f"not a JMESPath expression: {_reason(error)}"
    except RecursionError:
        return "not a JMESPath expression: it is nested too deeply"
    return _about_functions(parsed) or _about_words(parsed)


def look_up(expression: str, seen: Any) -> Any:
    """What the expression finds in `seen`; None for nothing, and where its types do not fit.

    Some functions of JMESPath do not check what they are given, and fail as Python does.
    """
    try:
        return _compiled(expression).search(seen)
    except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def seen_in(request: Request) -> dict[str, Any]:
    """What an expression looks at: `{model, system, first, last, results, body}`.

    `first` and `last` are the texts of the user's first and last message, empty where there is
    none. `results` are all that tools returned, in order, each `{tool, text, json}`: `json` is the
    text as JSON, null where it is none.
    """
    conversation = request.conversation
    first, last = user_message(conversation), user_message(conversation, last=True)
    return {
        "model": request.model,
        "system": conversation.system,
        "first": first.text if first else "",
        "last": last.text if last else "",
        "results": [_result(*each) for each in results(conversation)],
        "body": request.body,
    }


def user_message(conversation: Conversation, *, last: bool = False) -> Message | None:
    """The first or the last message of the user, None where there is none."""
    messages = conversation.messages
    said = (each for each in (reversed(messages) if last else messages) if each.role == "user")
    return next(said, None)


def results(conversation: Conversation) -> list[tuple[str, Message]]:
    """What tools returned, each with the name of its tool, which is empty where no call has it."""
    called: dict[str, CalledTool] = {}
    found = []
    for message in conversation.messages:
        called.update((call.id, call) for call in message.calls)
        if message.role == RESULT_ROLE:
            call = called.get(message.call_id)
            found.append((call.name if call else "", message))
    return found


def same_json(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal. To Python `True` and `1` are."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same_json(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def _result(tool: str, message: Message) -> dict[str, Any]:
    text = message.text
    try:
        # The fast parser makes floats of long integers.
        value = (parse_exactly if _LONG_INTEGER.search(text) else parse)(text.encode())
    except ValueError:
        value = None
    return {"tool": tool, "text": text, "json": value}


def _reason(error: JMESPathError) -> str:
    """The first line of an error without the expression, which the reader has before them."""
    first = str(error).splitlines()[0].rstrip(":")
    place = getattr(error, "lex_position", None)
    words = first.partition("ession: ")[2] or first.partition(": Parse error")[0] or first
    return words if place is None else f"{words}, at character {place + 1}"


def _about_functions(node: Any) -> str | None:
    """JMESPath says only when it plays that there is no such function."""
    if node.get("type") == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
        return unknown("JMESPath function", node["value"], sorted(Functions.FUNCTION_TABLE))
    inner = (each for each in node.get("children", ()) if isinstance(each, dict))
    return next(filter(None, map(_about_functions, inner)), None)


def _about_words(node: Any) -> str | None:
    if node["type"] == "field":
        name = node["value"]
        return None if name in WORDS else unknown("word", name, WORDS)
    if node["type"] == "expref":  # it looks at the items of an array
        return None
    inner = [each for each in node.get("children", ()) if isinstance(each, dict)]
    if node["type"] in _CHAINS:
        inner = inner[:1]
    return next(filter(None, map(_about_words, inner)), None)
