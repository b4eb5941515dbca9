"""The schema of a `when`."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError

from llmsim.script.conditions import rules
from llmsim.script.conditions.parts import RangeSchema, ToolResultSchema
from llmsim.script.conditions.when import When
from llmsim.script.fields import Optional, OptionalPart, PartSchema, optional_word
from llmsim.script.rules import Rule, a_string, anything


def _checked(rule: Rule, json_schema: dict[str, Any], description: str) -> Optional:
    return Optional(rule, json_schema, description, load_default=None)


class _Parts(Optional):
    """An array or object whose problems are told apart."""

    def __init__(
        self, check: Callable[[Any], Any], json_schema: dict[str, Any], description: str
    ) -> None:
        super().__init__(anything, json_schema, description, load_default=None)
        self.allow_none = False
        self._check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if problem := self._check(value):
            raise ValidationError(
                {key: [text] for key, text in problem.items()}
                if isinstance(problem, dict)
                else problem
            )
        return value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        copied = list(value) if isinstance(value, tuple) else value and dict(value)
        return super()._serialize(copied, attr, obj, **kwargs)


def _glob(description: str) -> Optional:
    return _checked(a_string, {"type": "string"}, f"A glob (*, ?, [abc]) for {description}.")


def _text(description: str) -> Optional:
    return _checked(a_string, {"type": "string"}, f"A part of {description}.")


def _pattern(description: str) -> Optional:
    schema = {"type": "string", "format": "regex"}
    words = f"A regular expression that is found in {description}."
    return _checked(rules.a_pattern, schema, words)


def _boolean(description: str) -> Optional:
    return _checked(rules.a_boolean, {"type": "boolean"}, description)


class WhenSchema(PartSchema):
    """Conditions on a request, all of which must hold; at least one."""

    makes = When
    also = MappingProxyType({"minProperties": 1})
    session = _glob("the session's name")
    api = optional_word("The API that is asked.", "API", rules.APIS)
    stream = _boolean("Whether the answer is to be streamed.")
    model = _glob("the model that is asked for")
    system_contains = _text("the system text, or of the instructions")
    first_contains = _text("the user's first message")
    first_matches = _pattern("the user's first message")
    last_role = optional_word(
        "Whose the last message is; `tool` is a tool's result.", "role", rules.ROLES
    )
    last_contains = _text("the last message, whoever said it")
    last_matches = _pattern("the last message, whoever said it")
    any_contains = _text("any message, or of the system text")
    tools_include = _Parts(
        rules.names,
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
        "Names of tools, all of which are offered.",
    )
    has_tools = _boolean("Whether any tool is offered.")
    max_tokens = OptionalPart(
        RangeSchema(), "How long the answer may be; the same for each API's name of it."
    )
    message_count = OptionalPart(
        RangeSchema(),
        "How many messages there are, without system ones; one answer and one result are one each.",
    )
    tool_result = OptionalPart(
        ToolResultSchema(), "What a tool returned since the last answer of the assistant."
    )
    header = _Parts(
        rules.headers,
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
        "Globs for headers of the request, by name: those that the journal may keep.",
    )
    value = _Parts(
        rules.values,
        {"type": "object", "minProperties": 1},
        "JSON values by the JMESPath expressions that find them in "
        "{model, system, first, last, results, body}.",
    )
