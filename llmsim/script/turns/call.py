"""A tool call inside a turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmsim.reply import MADE_CALL, ToolCall
from llmsim.script import fields
from llmsim.script.fields import Checked, NonEmptyList, PartSchema
from llmsim.script.positions import MAX_DEPTH
from llmsim.script.rules import a_name, anything, expected, require

NO_CALL = "a turn that calls tools needs at least one call"
_MAX_ARGUMENTS_DEPTH = (
    MAX_DEPTH - 5
)  # in a file, arguments stand five levels down: script, turns, turn, calls, call

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the tool `name`. `arguments` is any JSON value.

    Without an `id` each play makes one.

    `arguments_json` is the same value as compact JSON text. Calls are equal where they go out
    alike, so it is what is compared: to Python, `True`, `1` and `1.0` are equal.

    Raises:
        ScriptInvalidError: the name or the id is no string or an empty one, or the arguments are no
            JSON value.
    """

    name: str
    arguments: Any = field(default_factory=dict, compare=False)
    id: str | None = None
    arguments_json: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        require("name", a_name(self.name))
        require("id", None if self.id is None else a_name(self.id))
        text, problem = _as_json(self.arguments)
        require("arguments", problem)
        object.__setattr__(self, "arguments_json", text)
        object.__setattr__(
            self, "arguments", json.loads(text)
        )  # a copy: the caller may go on to change the original

    def block(self, serial: str, index: int) -> ToolCall:
        """The call as it goes out, as the `index`-th call of its turn; see `Turn.play`."""
        return ToolCall(
            self.id or f"{MADE_CALL}{serial}_{index}",
            self.name,
            self.arguments,
            self.arguments_json,
        )


def _as_json(value: Any) -> tuple[str, str | None]:
    """`value` as JSON text, and what keeps it from being a JSON value."""
    try:
        text = _encode(value)
        if (
            json.loads(text) != value
        ):  # the encoder makes lists of tuples, and strings of numbers that are keys
            return text, "expected a JSON value: no tuple, and no key that is not a string"
    except RecursionError:
        return "", "nested too deeply"
    except (TypeError, ValueError) as error:
        return "", f"expected a JSON value: {error}"
    return text, "nested too deeply" if _is_too_deep(text, value) else None


def _is_too_deep(text: str, value: Any) -> bool:
    if text.count("[") + text.count("{") <= _MAX_ARGUMENTS_DEPTH:
        return False
    level = [value]
    for _ in range(_MAX_ARGUMENTS_DEPTH + 1):
        level = [node for node in level if isinstance(node, dict | list)]
        if not level:
            return False
        level = [
            child for node in level for child in (node.values() if isinstance(node, dict) else node)
        ]
    return True


class ArgumentsField(Checked):
    """The arguments; what `dump` gives is a copy."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return json.loads(obj.arguments_json)


class CallSchema(PartSchema):
    """A tool call."""

    makes = Call
    name = fields.name("The tool's name.")
    arguments = ArgumentsField(anything, {}, "Any JSON value; {} where absent.", load_default=dict)
    id = fields.optional_name(
        "The call's id, sent as written. Where absent, one is made that is unique within a "
        "generation of the session."
    )


def calls_field() -> NonEmptyList:
    """The key `calls` of a turn."""
    return NonEmptyList(CallSchema(), NO_CALL, "The tool calls, in order; at least one.")


def checked_calls(calls: Any) -> tuple[Call, ...]:
    """`calls` as a tuple.

    Raises:
        ScriptInvalidError: it is no list or tuple, it is empty, or it holds something else than
            `Call`.
    """
    require(
        "calls",
        None if isinstance(calls, list | tuple) else expected("a list or tuple of Call", calls),
    )
    require("calls", None if calls else NO_CALL)
    for index, call in enumerate(calls):
        require(f"calls[{index}]", None if isinstance(call, Call) else expected("a Call", call))
    return tuple(calls)


def have_ids(calls: Sequence[Call]) -> bool:
    """Whether the calls are the same at every position, since none gets its id from it."""
    return all(call.id is not None for call in calls)


def blocks_at(serial: str, calls: Sequence[Call]) -> tuple[ToolCall, ...]:
    """The calls as they go out; see `Turn.play`."""
    return tuple(call.block(serial, index) for index, call in enumerate(calls))
