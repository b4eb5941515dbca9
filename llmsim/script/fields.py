"""The marshmallow fields and the schema base that scripts are checked with.

Stricter than marshmallow's own: nothing is converted, and messages say what was found. Each field
also carries its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, missing, post_load
from marshmallow.exceptions import SCHEMA

from llmsim.errors import ScriptInvalidError
from llmsim.script.rules import (
    Rule,
    a_count,
    a_length,
    a_name,
    a_string,
    an_error_status,
    an_integer,
    expected,
    one_of,
)


class UnknownKey:
    """Stands for the message about a key that the schema does not have.

    Marshmallow's message cannot hold the key.
    """

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices


class NullIsAbsent(fields.Field[Any]):
    """A field that may be absent is absent too where it is null.

    Programs that write scripts have null there. Where null is a value of its own, it stays one.
    """

    def deserialize(
        self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any
    ) -> Any:
        """See `marshmallow.fields.Field.deserialize`."""
        absent = value is None and not (self.required or self.allow_none)
        return super().deserialize(missing if absent else value, attr, data, **kwargs)


class Checked(NullIsAbsent):
    """A field whose value goes through as it is where `rule` finds nothing wrong with it."""

    def __init__(
        self, rule: Rule, json_schema: Mapping[str, Any], description: str, **options: Any
    ) -> None:
        null = rule(None)
        super().__init__(
            allow_none=null is None,
            error_messages={"null": null or ""},
            metadata={"description": description},
            **options,
        )
        self.rule = rule
        self.json_schema = json_schema

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if problem := self.rule(value):
            raise ValidationError(problem)
        return value


class Optional(Checked):
    """A value that `dump` leaves out where it is the default."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return missing if value == self.load_default else value


class Text(Checked):
    """A string, or an array of its lines: long texts are easier to write so."""

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(
            a_string,
            {"type": ["string", "array"], "items": {"type": "string"}},
            f"{description} A string, or an array of lines that are joined by line breaks.",
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            return super()._deserialize(value, attr, data, **kwargs)
        problems = {
            index: [problem] for index, line in enumerate(value) if (problem := a_string(line))
        }
        if problems:
            raise ValidationError(problems)
        return "\n".join(value)


class OptionalText(Text, Optional):
    """The same, for a text that may be absent."""


def string(description: str) -> Checked:
    """A required string."""
    return Checked(a_string, {"type": "string"}, description, required=True)


def text(description: str) -> Text:
    """A required text."""
    return Text(description, required=True)


def text_or_none(description: str) -> Text:
    """A text that may be absent (then None)."""
    return OptionalText(description, load_default=None)


def name(description: str) -> Checked:
    """A required string that is not empty."""
    return Checked(a_name, {"type": "string", "minLength": 1}, description, required=True)


def optional_string(description: str, default: str) -> Checked:
    """A string that may be absent."""
    return Optional(a_string, {"type": "string"}, description, load_default=default)


def string_or_none(description: str) -> Checked:
    """A string that may be absent (then None)."""
    return Optional(a_string, {"type": "string"}, description, load_default=None)


def optional_name(description: str) -> Checked:
    """A string that may be absent (then None) and otherwise is not empty."""
    return Optional(a_name, {"type": "string", "minLength": 1}, description, load_default=None)


def optional_word(description: str, what: str, words: tuple[str, ...]) -> Checked:
    """One of `words`, which are `what`; may be absent (then None)."""
    return Optional(one_of(what, words), {"enum": list(words)}, description, load_default=None)


def count(description: str) -> Checked:
    """An integer from 0 up; may be absent (then None)."""
    return Optional(a_count, {"type": "integer", "minimum": 0}, description, load_default=None)


def length(description: str, most: int) -> Checked:
    """A required integer from 1 to `most`."""
    return Checked(
        a_length(most),
        {"type": "integer", "minimum": 1, "maximum": most},
        description,
        required=True,
    )


def integer(description: str, default: int) -> Checked:
    """Any integer; may be absent."""
    return Optional(an_integer, {"type": "integer"}, description, load_default=default)


def note(description: str, **options: Any) -> Checked:
    """A string for human readers: checked, and then forgotten."""
    return Checked(a_string, {"type": "string"}, description, load_only=True, **options)


def error_status(description: str, default: int) -> Checked:
    """An HTTP status from 400 to 599."""
    return Checked(
        an_error_status,
        {"type": "integer", "minimum": 400, "maximum": 599},
        description,
        load_default=default,
    )


class NonEmptyList(NullIsAbsent, fields.List[Any]):
    """An array of objects with at least one item; `empty` is the sentence for none.

    Where it is not required it may be absent, and then has none.
    """

    def __init__(
        self, item: Schema, empty: str, description: str, *, required: bool = True
    ) -> None:
        absent: dict[str, Any] = {} if required else {"load_default": tuple, "allow_none": False}
        super().__init__(
            fields.Nested(item), required=required, metadata={"description": description}, **absent
        )
        self.error_messages["null"] = expected("an array", None)
        self.item = item
        self.inner.error_messages["null"] = expected("an object", None)
        self.empty = empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError(expected("an array", value))
        if not value:
            raise ValidationError(self.empty)
        return super()._deserialize(value, attr, data, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if not value and not self.required:
            return missing
        return super()._serialize(value, attr, obj, **kwargs)


class ObjectSchema(Schema):
    """A JSON object with known keys.

    `discriminators` are keys that a one-of schema takes off before this schema sees the object.
    `also` is what its JSON Schema says beside its keys.
    """

    discriminators: ClassVar[tuple[str, ...]] = ()
    also: ClassVar[Mapping[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        messages: dict[str, Any] = self.error_messages
        messages["unknown"] = UnknownKey(self.keys)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the object as JSON has them, the required ones first."""
        required_first = sorted(self.load_fields.items(), key=lambda item: not item[1].required)
        return (*self.discriminators, *(field.data_key or key for key, field in required_first))

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give the key's name to the message that says that it is missing."""
        field_obj.error_messages["required"] = f"missing key {field_obj.data_key or field_name!r}"

    def load(self, data: Any, **options: Any) -> Any:
        """See `marshmallow.Schema.load`."""
        if not isinstance(data, dict):
            raise ValidationError([expected("an object", data)])
        return super().load(data, **options)


class OptionalPart(NullIsAbsent, fields.Nested):
    """An object that may be absent unless it is required, and that `dump` then leaves out."""

    def __init__(self, item: Schema, description: str, *, required: bool = False) -> None:
        absent: dict[str, Any] = {} if required else {"load_default": None}
        super().__init__(
            item,
            required=required,
            allow_none=False,
            metadata={"description": description},
            **absent,
        )
        self.error_messages["null"] = expected("an object", None)
        self.item = item

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        if nested_obj is None:
            return missing
        return super()._serialize(nested_obj, attr, obj, **kwargs)  # type: ignore[no-untyped-call]


class PartSchema(ObjectSchema):
    """The schema of a dataclass, `makes`."""

    makes: ClassVar[type]

    @post_load
    def make(self, data: dict[str, Any], **_options: Any) -> Any:
        """The dataclass; what its constructor refuses is an error of the field that it names."""
        data.pop("comment", None)
        try:
            return self.makes(**data)
        except ScriptInvalidError as error:
            raise ValidationError(
                {
                    problem.path.removeprefix("$").removeprefix(".") or SCHEMA: [problem.message]
                    for problem in error.problems
                }
            ) from None
