"""Dispatch on a key of an object: a turn's `type`, an error's `kind`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError
from marshmallow_oneofschema.one_of_schema import OneOfSchema

from llmsim.script import slips
from llmsim.script.rules import a_string, expected


class OneOf(OneOfSchema):
    """`OneOfSchema` with three faults mended.

    - An unknown name is an error that lists the names (there: "Unsupported value").
    - `unknown=` also counts with `many=True`, and only where a caller gives it: there, this
    schema's own default overrides that of the schema
      that is chosen.
    - Messages are lists everywhere, as marshmallow's own are (there: lists and strings); dumping an
    object of no known class raises.

    `type_schemas` maps names to schema *instances* that have `makes`: making a schema costs more
    than loading a turn. `what` says what the names are names of.
    """

    what: ClassVar[str]
    type_schemas: Mapping[str, Any] = {}

    def load(
        self,
        data: Any,
        *,
        many: bool | None = None,
        partial: Any = None,
        unknown: Any = None,
        **options: Any,
    ) -> Any:
        """See `marshmallow.Schema.load`."""
        if not (self.many if many is None else many):
            return self._load(data, partial=partial, unknown=unknown, **options)
        loaded, problems = [], {}
        for index, item in enumerate(data):
            try:
                loaded.append(self._load(item, partial=partial, unknown=unknown, **options))
            except ValidationError as error:
                problems[index] = error.normalized_messages()  # type: ignore[no-untyped-call]
        if problems:
            raise ValidationError(problems, data=data, valid_data=loaded)
        return loaded

    def _load(self, data: Any, *, partial: Any = None, unknown: Any = None, **options: Any) -> Any:
        schema = self._schema_for(data)
        rest = {key: value for key, value in data.items() if key != self.type_field}
        return schema.load(rest, many=False, partial=partial, unknown=unknown, **options)

    def _schema_for(self, data: Any) -> Schema:
        if not isinstance(data, dict):
            raise ValidationError([expected("an object", data)])
        if self.type_field not in data:
            sentence = slips.missing_word(self.type_field, self.type_schemas, data)
            raise ValidationError({self.type_field: [sentence]})
        name = data[self.type_field]
        schema = self.type_schemas.get(name) if isinstance(name, str) else None
        if schema is None:
            raise ValidationError({self.type_field: [self._no_schema(name)]})
        return schema  # type: ignore[no-any-return]

    def _no_schema(self, name: Any) -> str:
        if not (problem := a_string(name)):
            return slips.unknown_word(self.what, name, self.type_schemas)
        meant = slips.meant_by(str(name), self.type_schemas)
        return f"{problem}; did you mean {meant!r}?" if meant else problem

    def get_obj_type(self, obj: Any) -> str:
        """The name whose schema makes objects of this class."""
        for name, schema in self.type_schemas.items():
            if schema.makes is type(obj):
                return name
        raise ValidationError([f"expected a {self.what}, got {type(obj).__name__}"])

    def _dump(self, obj: Any, **options: Any) -> dict[str, Any]:
        name = self.get_obj_type(obj)
        options.pop("update_fields", None)
        return {self.type_field: name, **self.type_schemas[name].dump(obj, many=False, **options)}
