"""The scripts in `config/scripts`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from llmsim.conversation import Request
from llmsim.reply import Failure
from llmsim.script import Assistant, Error, Mixed, Script, ToolCalls, Usage
from llmsim.script.error_kinds import ERROR_KINDS
from llmsim.script.turns import TURN_TYPES

FOLDER = Path(__file__).parents[2] / "config" / "scripts"
EXAMPLES = sorted(FOLDER.glob("*.json"))


def test_there_are_examples() -> None:
    assert {"demo", "chat", "coding_agent", "errors", "models_of_today", "parallel_tools"} <= {
        path.stem for path in EXAMPLES
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_plays_and_has_nothing_doubtful(path: Path) -> None:
    script = Script.from_file(path)
    assert script.warnings() == ()
    for position in range(len(script) + 2):
        script.play(position, Request())


def test_every_turn_type_stands_in_some_example() -> None:
    shown = {type(turn) for path in EXAMPLES for turn in Script.from_file(path).turns}
    assert shown == {schema.makes for schema in TURN_TYPES.values()}


def test_the_demo_begins_with_a_text_a_call_both_and_a_429() -> None:
    script = Script.from_file(FOLDER / "demo.json")
    assert [type(turn) for turn in script.turns[:4]] == [Assistant, ToolCalls, Mixed, Error]
    limited = script.play(3, Request())
    assert isinstance(limited, Failure)
    assert limited.status == 429
    assert len(script) == 7


def test_the_models_of_today_reason_refuse_fall_short_and_give_figures_of_their_own() -> None:
    turns = Script.from_file(FOLDER / "models_of_today.json").to_spec()["turns"]
    assert {turn["type"] for turn in turns} >= {"refusal", "echo", "lorem"}
    assert {turn["type"] for turn in turns if "reasoning" in turn} >= {
        "assistant",
        "tool_calls",
        "mixed",
    }
    assert {turn.get("finish_reason") for turn in turns} >= {"length", "content_filter"}
    assert {key for turn in turns for key in turn.get("usage", ())} == {
        field.name for field in dataclasses.fields(Usage)
    }


def test_the_errors_example_shows_every_error_kind() -> None:
    turns = Script.from_file(FOLDER / "errors.json").to_spec()["turns"]
    assert {turn["kind"] for turn in turns if turn["type"] == "error"} == set(ERROR_KINDS)
