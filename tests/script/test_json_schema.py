"""The generated JSON Schema says yes and no where the loader does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from llmsim.script import Script, json_schema
from llmsim.script.error_kinds import ERROR_KINDS
from llmsim.script.turns import TURN_TYPES
from tests.each import for_each
from tests.script.samples import EXPRESSIONS, INVALID, NULLS, VALID

EXAMPLES = sorted((Path(__file__).parents[2] / "config" / "scripts").glob("*.json"))
# To JSON Schema these are integers.
BEYOND_JSON_SCHEMA = {"a status of 502.0", "tokens of 5.0", "seed of 1.0"} | {
    f"{key} of 1.0"
    for key in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
}
BEYOND_JSON_SCHEMA |= EXPRESSIONS.keys()
BEYOND_JSON_SCHEMA |= {"a seed of the script of 1.0", "rates above 1 together"}
# What only the loader knows: other keys, expressions, headers.
BEYOND_JSON_SCHEMA |= {
    "two tracks of one name",
    "a broken pattern",
    "a range that is empty",
    "a header that is never kept",
    "a value that is broken",
    "a history with a condition that changes",
    "a track by history beside a condition that changes",
}

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_it_is_a_json_schema_that_json_can_hold() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_accepts_the_examples(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


@for_each("text", VALID)
def test_it_accepts_what_loads(text: str) -> None:
    VALIDATOR.validate(json.loads(text))
    VALIDATOR.validate(Script.from_json(text).to_spec())


@pytest.mark.parametrize("text", NULLS)
def test_null_is_absent_where_a_key_may_be(text: str) -> None:
    VALIDATOR.validate(json.loads(text))


@for_each("name", sorted(INVALID.keys() - BEYOND_JSON_SCHEMA))
def test_it_refuses_what_does_not_load(name: str) -> None:
    assert not VALIDATOR.is_valid(json.loads(INVALID[name][0]))


def test_it_has_every_turn_type_and_error_kind_with_descriptions() -> None:
    alternatives = json_schema()["properties"]["turns"]["items"]["oneOf"]
    assert [each["title"] for each in alternatives] == [
        name for name in TURN_TYPES if name != "error"
    ] + [f"error {kind}" for kind in ERROR_KINDS]
    for each in [json_schema(), *alternatives]:
        assert each["description"]
        assert each["additionalProperties"] is False
        assert all(
            "description" in field or "const" in field for field in each["properties"].values()
        )


def test_it_shows_defaults() -> None:
    schema = json_schema()
    assert schema["properties"]["on_exhausted"]["default"] == "repeat_last"
    alternatives = {
        each["title"]: each["properties"]
        for each in schema["properties"]["turns"]["items"]["oneOf"]
    }
    assert alternatives["tool_calls"]["calls"]["items"]["properties"]["arguments"]["default"] == {}
    assert "default" not in alternatives["tool_calls"]["calls"]["items"]["properties"]["id"]
    assert alternatives["error other"]["status_code"]["default"] == 500
    assert (
        alternatives["echo"]["prefix"]["default"],
        alternatives["lorem"]["seed"]["default"],
    ) == ("", 0)


def test_turns_in_which_the_model_answers_have_the_same_keys_and_an_error_has_none_of_them() -> (
    None
):
    alternatives = json_schema()["properties"]["turns"]["items"]["oneOf"]
    for each in alternatives:
        replies = not each["title"].startswith("error")
        assert ({"reasoning", "finish_reason", "usage"} <= each["properties"].keys()) is replies
        if replies:
            assert each["properties"]["finish_reason"]["enum"] == [
                "stop",
                "tool_calls",
                "length",
                "content_filter",
                None,
            ]
            assert not {"reasoning", "finish_reason", "usage"} & set(each["required"])


def test_what_only_the_loader_can_tell_is_refused_by_it_alone() -> None:
    for name in BEYOND_JSON_SCHEMA:
        VALIDATOR.validate(json.loads(INVALID[name][0]))
