"""A key whose value is one word, or an object that says more."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, missing

from llmsim.script.fields import ObjectSchema, OptionalPart
from llmsim.script.one_of import OneOf
from llmsim.script.rules import expected


class WordOrPart(OptionalPart):
    """An object that may be absent; a word stands for the object that has it alone, under `key`."""

    def __init__(self, item: ObjectSchema | OneOf, key: str, description: str) -> None:
        super().__init__(item, description)
        self.key = key

    def _deserialize(self, value: Any, attr: Any, data: Any, *options: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict):
            return super()._deserialize(value, attr, data, *options, **kwargs)
        if not isinstance(value, str):
            raise ValidationError(expected("a string or an object", value))
        try:
            return super()._deserialize({self.key: value}, attr, data, *options, **kwargs)
        except ValidationError as error:
            messages = error.normalized_messages()  # type: ignore[no-untyped-call]
            raise ValidationError([text for texts in messages.values() for text in texts]) from None

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        written = super()._serialize(nested_obj, attr, obj, **kwargs)
        if written is missing or written.keys() != {self.key}:
            return written
        return written[self.key]
