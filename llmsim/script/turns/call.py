"""A tool call inside a turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from llmsim.errors import Problem, ScriptInvalidError
from llmsim.made_ids import made_call_id
from llmsim.reply import ToolCall
from llmsim.script import fields
from llmsim.script.arguments import VALUE, Filling, filling_of, problems
from llmsim.script.fields import Checked, NonEmptyList, PartSchema
from llmsim.script.json_value import as_json
from llmsim.script.positions import json_path
from llmsim.script.rules import SOURCE, a_name, anything, expected, require
from llmsim.script.values import Values

NO_CALL = "a turn that calls tools needs at least one call"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the tool `name`. `arguments` is any JSON value.

    `{"$value": "<expression>"}` inside of them stands for what is found in the request; then there
    is a `filling`.

    Without an `id` each play makes one.

    `arguments_json` is the same value as compact JSON text. Calls are equal where they go out
    alike, so it is what is compared: to Python, `True`, `1` and `1.0` are equal.

    Raises:
        ScriptInvalidError: the name or the id is no string or an empty one, or the arguments are no
            JSON value, or an expression is none.
    """

    name: str
    arguments: Any = field(default_factory=dict, compare=False)
    id: str | None = None
    arguments_json: str = field(init=False, repr=False)
    filling: Filling | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("name", a_name(self.name))
        require("id", None if self.id is None else a_name(self.id))
        text, problem = as_json(self.arguments)
        require("arguments", problem)
        object.__setattr__(self, "arguments_json", text)
        # A copy: the caller may go on to change the original.
        object.__setattr__(self, "arguments", json.loads(text))
        filling = _filling(self.arguments, text) if VALUE in text else None
        object.__setattr__(self, "filling", filling)

    def block(self, serial: str, index: int, values: Values | None) -> ToolCall:
        """The call as it goes out, as the `index`-th call of its turn; see `Turn.play`.

        Only what has a `filling` needs `values`.
        """
        value, text = self.arguments, self.arguments_json
        if self.filling and values:
            text = self.filling.filled(values)
            value = json.loads(text)
        return ToolCall(self.id or made_call_id(serial, index), self.name, value, text)


def _filling(arguments: Any, text: str) -> Filling | None:
    found = [
        Problem(problem, json_path(("arguments", *path))) for path, problem in problems(arguments)
    ]
    if found:
        raise ScriptInvalidError(SOURCE, found)
    return filling_of(arguments, text)


class ArgumentsField(Checked):
    """The arguments; what `dump` gives is a copy."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        messages: dict[Any, Any] = {}
        for path, problem in problems(value):
            node = messages
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = [problem]
        if messages:
            raise ValidationError(messages)
        return value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return json.loads(obj.arguments_json)


class CallSchema(PartSchema):
    """A tool call."""

    makes = Call
    name = fields.name("The tool's name.")
    arguments = ArgumentsField(
        anything,
        {},
        'Any JSON value; {} where absent. {"$value": "<JMESPath>"} inside it stands for what the '
        "expression finds in {model, system, first, last, results, body}.",
        load_default=dict,
    )
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


def are_fixed(calls: Sequence[Call]) -> bool:
    """Whether the calls are always the same: with ids of their own, and nothing from requests."""
    return all(call.id is not None and call.filling is None for call in calls)


def blocks_at(serial: str, calls: Sequence[Call], values: Values | None) -> tuple[ToolCall, ...]:
    """The calls as they go out; see `Call.block`."""
    return tuple(call.block(serial, index, values) for index, call in enumerate(calls))
