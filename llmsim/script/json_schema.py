"""The JSON Schema of a script.

It is made from the marshmallow schemas, so that it cannot fall behind them.

For editors, and for whoever generates scripts. What JSON Schema cannot say it leaves out: duplicate
keys, and 502.0 as no integer.
"""

from __future__ import annotations

import inspect
from typing import Any

from marshmallow import missing

from llmsim.script.fields import Checked, NonEmptyList, ObjectSchema, OptionalPart
from llmsim.script.one_of import OneOf
from llmsim.script.schema import SCRIPT_SCHEMA
from llmsim.script.word_or_part import WordOrPart

Json = dict[str, Any]


def json_schema() -> Json:
    """The schema as a dictionary, in draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "llmsim script",
        **_object(SCRIPT_SCHEMA, {}),
    }


def _object(schema: ObjectSchema, names: dict[str, str]) -> Json:
    """An object with the schema's keys; `names` are the discriminators and their words."""
    fields = {field.data_key or key: field for key, field in schema.load_fields.items()}
    return {
        "description": inspect.getdoc(type(schema)),
        "type": "object",
        "properties": {
            **{key: {"const": word} for key, word in names.items()},
            **{key: _field(field) for key, field in fields.items()},
        },
        "required": [*names, *(key for key, field in fields.items() if field.required)],
        "additionalProperties": False,
        **schema.also,
    }


def _field(field: Any) -> Json:
    described = _present(field)
    if field.required:
        return described
    if "enum" in described:
        described["enum"] = [*described["enum"], None]
    elif "anyOf" in described:
        described["anyOf"] = [*described["anyOf"], {"type": "null"}]
    elif "type" in described:
        types = described["type"]
        described["type"] = [*(types if isinstance(types, list) else [types]), "null"]
    return described


def _present(field: Any) -> Json:
    """The field where it is not null."""
    described: Json = {"description": field.metadata["description"]}
    if isinstance(field, NonEmptyList):
        return {**described, "type": "array", "minItems": 1, "items": _item(field.item)}
    if isinstance(field, WordOrPart):
        return {**described, "anyOf": [_word(field), *_objects(field.item)]}
    if isinstance(field, OptionalPart):
        return {**_objects(field.item)[0], **described}
    if not isinstance(field, Checked):
        raise TypeError(f"no JSON Schema is known for {field!r}")
    default = field.load_default() if callable(field.load_default) else field.load_default
    if default is not missing and default is not None:
        described["default"] = default
    return {**described, **field.json_schema}


def _word(field: WordOrPart) -> Json:
    if isinstance(field.item, OneOf):
        return {"enum": list(field.item.type_schemas)}
    return _present(field.item.load_fields[field.key])


def _objects(schema: Any) -> list[Json]:
    return _alternatives(schema, {}) if isinstance(schema, OneOf) else [_object(schema, {})]


def _item(schema: Any) -> Json:
    objects = _objects(schema)
    return {"oneOf": objects} if isinstance(schema, OneOf) else objects[0]


def _alternatives(schema: Any, names: dict[str, str]) -> list[Json]:
    """One object for each name, and for each name of a one-of schema inside a one-of schema."""
    if not isinstance(schema, OneOf):
        return [{"title": " ".join(names.values()), **_object(schema, names)}]
    return [
        each
        for name, inner in schema.type_schemas.items()
        for each in _alternatives(inner, {**names, schema.type_field: name})
    ]
