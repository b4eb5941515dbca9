"""Dispatch on a key, and what it takes to add a name."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
from marshmallow import EXCLUDE, RAISE, ValidationError

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.one_of import OneOf
from llmsim.script.turns import AnyTurnSchema, Assistant, Turn
from llmsim.script.turns.assistant import AssistantSchema
from llmsim.script.turns.turn import TurnSchema


@dataclass(frozen=True)
class Parrot(Turn):
    prefix: str

    def play(self, serial: str, request: Request) -> Reply:
        return Reply((Text(self.prefix + request.conversation.messages[-1].text),))


class ParrotSchema(TurnSchema):
    """Says what was said."""

    makes = Parrot
    prefix = fields.text("What comes before it.")


class Some(OneOf):
    what = "turn type"
    type_schemas = MappingProxyType({"assistant": AssistantSchema(), "parrot": ParrotSchema()})


def test_a_new_turn_type_is_a_class_a_schema_and_one_line_of_a_table() -> None:
    spec = {"type": "parrot", "prefix": "You said: "}
    assert Some().load({**spec, "comment": "c"}) == Parrot("You said: ")
    some: Any = Some()
    assert some.dump(Parrot("You said: ")) == spec


def test_what_is_loaded_is_not_changed() -> None:
    spec = {"type": "parrot", "prefix": "x"}
    Some().load(spec)
    assert spec == {"type": "parrot", "prefix": "x"}


@pytest.mark.parametrize("many", [False, True])
def test_unknown_keys_are_treated_as_the_caller_says(many: bool) -> None:
    spec = {"type": "assistant", "text": "x", "more": 1}
    data, expected = ([spec], [Assistant("x")]) if many else (spec, Assistant("x"))
    assert Some().load(data, many=many, unknown=EXCLUDE) == expected
    for unknown in (None, RAISE):
        with pytest.raises(ValidationError):
            Some().load(data, many=many, unknown=unknown)


def test_problems_of_many_are_filed_by_index_and_are_lists() -> None:
    with pytest.raises(ValidationError) as caught:
        Some().load([{"type": "parrot", "prefix": "x"}, {"type": "parrto"}, 5, {}], many=True)
    choices = "expected one of 'assistant', 'parrot'"
    assert caught.value.messages == {
        1: {"type": [f"unknown turn type 'parrto'; {choices}; did you mean 'parrot'?"]},
        2: {"_schema": ["expected an object, got a number"]},
        3: {"type": [f"missing key 'type'; {choices}"]},
    }


def test_an_object_of_no_known_class_cannot_be_written() -> None:
    any_turn: Any = AnyTurnSchema()
    with pytest.raises(ValidationError, match="expected a turn type, got Parrot"):
        any_turn.dump(Parrot("x"))
