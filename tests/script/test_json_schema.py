"""The generated JSON Schema says yes and no where the loader does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from llmsim.script import Script, json_schema
from llmsim.script.error_kinds import ERROR_KINDS
from llmsim.script.turns import TURN_TYPES
from tests.script.samples import INVALID, VALID

EXAMPLES = sorted((Path(__file__).parents[2] / "config" / "scripts").glob("*.json"))
BEYOND_JSON_SCHEMA = {"a status of 502.0"}  # to JSON Schema it is an integer

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_it_is_a_json_schema_that_json_can_hold():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_accepts_the_examples(path):
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_it_accepts_what_loads(text):
    VALIDATOR.validate(json.loads(text))
    VALIDATOR.validate(Script.from_json(text).to_spec())


@pytest.mark.parametrize("name", INVALID.keys() - BEYOND_JSON_SCHEMA)
def test_it_refuses_what_does_not_load(name):
    assert not VALIDATOR.is_valid(json.loads(INVALID[name][0]))


def test_it_has_every_turn_type_and_error_kind_with_descriptions():
    alternatives = json_schema()["properties"]["turns"]["items"]["oneOf"]
    assert [each["title"] for each in alternatives] == [name for name in TURN_TYPES if name != "error"] + [f"error {kind}" for kind in ERROR_KINDS]
    for each in [json_schema(), *alternatives]:
        assert each["description"]
        assert each["additionalProperties"] is False
        assert all("description" in field or "const" in field for field in each["properties"].values())


def test_it_shows_defaults():
    schema = json_schema()
    assert schema["properties"]["on_exhausted"]["default"] == "repeat_last"
    alternatives = {each["title"]: each["properties"] for each in schema["properties"]["turns"]["items"]["oneOf"]}
    assert alternatives["tool_calls"]["calls"]["items"]["properties"]["arguments"]["default"] == {}
    assert "default" not in alternatives["tool_calls"]["calls"]["items"]["properties"]["id"]
    assert alternatives["error other"]["status_code"]["default"] == 500
