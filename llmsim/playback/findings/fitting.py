"""The script against the agent: does what a turn says fit what the request offers?

A call of a tool that is not offered is the commonest mistake in scripts: the agent never runs it
and loops. What was checked once for a turn and what it was held against is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any, Final

import jsonschema_rs
from xxhash import xxh3_128_digest

from llmsim.conversation import Conversation, Tool
from llmsim.json_text import ascii_json, parse
from llmsim.playback.findings.finding import (
    UNFIT_ARGUMENTS,
    UNFIT_TEXT,
    UNOFFERED_TOOL,
    Finding,
)
from llmsim.registry import nearest
from llmsim.reply import Reply, ToolCall

_SEARCH: Final = re.compile("tool_?search")
_REMEMBERED: Final = 4096
_MOST_NAMES: Final = 10
_MOST_CHARACTERS: Final = 160


class Fitting:
    """Checks replies. `turn` names a turn of a script; None for a reply that is never the same."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Finding | None] = {}

    def calls(
        self, turn: Hashable | None, reply: Reply, conversation: Conversation
    ) -> Iterator[Finding]:
        """What is wrong with the calls of a reply to a request that says this."""
        if conversation.is_thread:
            return  # what its first request offered is not known here
        tools = conversation.tools
        for number, call in enumerate(reply.calls):
            offered, against = None, ""
            for tool in tools:
                if tool.name == call.name:
                    offered, against = tool, tool.definition
                    break
            else:
                if _can_be_searched(call.name, conversation):
                    continue
                against = "\0".join(tool.name for tool in tools)
            key = None if turn is None else (turn, number, _digest(against))
            found = self._once(key, partial(_fits, call, offered, tools))
            if found:
                yield found

    def text(self, turn: Hashable | None, reply: Reply, schema: Any) -> Iterator[Finding]:
        """What is wrong with the text of a reply to a request that asks for JSON of this schema."""
        key = None if turn is None else (turn, _digest(_written(schema)))
        found = self._once(key, partial(_fits_text, reply.text or "", schema))
        if found:
            yield found

    def _once(self, key: Hashable | None, check: Callable[[], Finding | None]) -> Finding | None:
        if key is None:
            return check()
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = check()
            return found


def _can_be_searched(name: str, conversation: Conversation) -> bool:
    """Whether the agent has the tool, though the request offers it by a search alone.

    Claude Code names such tools in a text, offers `ToolSearch`, and runs them when called.
    """
    names = {tool.name.lower() for tool in conversation.tools}
    if name.lower() in names or not any(_SEARCH.search(offered) for offered in names):
        return False
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return any(word.search(message.text) for message in conversation.messages)


def _digest(text: str) -> bytes:
    return xxh3_128_digest(text.encode("utf-8", "surrogatepass"))


def _written(value: Any) -> str:
    return ascii_json(value).decode("ascii")


def _fits(call: ToolCall, tool: Tool | None, tools: tuple[Tool, ...]) -> Finding | None:
    if tool is None:
        return Finding(UNOFFERED_TOOL, f"the script calls {call.name!r}; {_offer(call, tools)}")
    problem = _problem(_parameters(tool), call.arguments)
    if problem is None:
        return None
    return Finding(
        UNFIT_ARGUMENTS,
        f"the script calls {call.name!r} with arguments that its schema refuses: {problem}",
    )


def _offer(call: ToolCall, tools: tuple[Tool, ...]) -> str:
    if not tools:
        return "the request offers no tool"
    names = [tool.name for tool in tools]
    shown = ", ".join(map(repr, names[:_MOST_NAMES]))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    meant = nearest(call.name, names)
    return f"the request offers {shown}{more}{f'; did you mean {meant!r}?' if meant else ''}"


def _parameters(tool: Tool) -> Any:
    """The JSON Schema of a tool's arguments, True where it has none.

    Chat nests it under the tool's type; Anthropic calls it `input_schema`.
    """
    definition = parse(tool.definition.encode("utf-8", "replace"))
    inner = definition.get(tool.kind)
    described = inner if isinstance(inner, dict) else definition
    schema = described.get("parameters", described.get("input_schema"))
    return True if schema is None else schema


def _fits_text(text: str, schema: Any) -> Finding | None:
    try:
        value = parse(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        shown = repr(text[:_MOST_CHARACTERS])
        return Finding(UNFIT_TEXT, f"the request asks for JSON, and the script says {shown}")
    problem = _problem(schema, value)
    if problem is None:
        return None
    return Finding(
        UNFIT_TEXT,
        f"the script's text does not fit the schema that the request asks for: {problem}",
    )


def _problem(schema: Any, value: Any) -> str | None:
    """What the schema refuses in the value. A schema that is wrong itself refuses nothing."""
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=_retrieve_nothing)
        error = next(validator.iter_errors(value), None)
    except (ValueError, RecursionError, jsonschema_rs.ReferencingError):
        return None
    if error is None:
        return None
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
    )
    message = str(error.message)
    shown = message if len(message) <= _MOST_CHARACTERS else message[:_MOST_CHARACTERS] + "..."
    return f"${path}: {shown}"


def _retrieve_nothing(address: str) -> Any:
    """A `$ref` must not make the server read files or ask other hosts."""
    raise ValueError(address)
