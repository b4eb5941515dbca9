"""The scripts in `config/scripts`."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmsim.conversation import Conversation
from llmsim.reply import Failure
from llmsim.script import Script
from llmsim.script.error_kinds import ERROR_KINDS
from llmsim.script.turns import TURN_TYPES

FOLDER = Path(__file__).parents[2] / "config" / "scripts"
EXAMPLES = sorted(FOLDER.glob("*.json"))


def test_there_are_examples():
    assert {"demo", "chat", "coding_agent", "errors", "parallel_tools"} <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_plays_and_has_nothing_doubtful(path):
    script = Script.from_file(path)
    assert script.warnings() == ()
    for position in range(len(script) + 2):
        script.play(position, Conversation())


def test_the_demo_shows_every_turn_type_and_a_429():
    script = Script.from_file(FOLDER / "demo.json")
    assert {type(turn) for turn in script.turns} == {schema.makes for schema in TURN_TYPES.values()}
    answers = [script.play(position, Conversation()) for position in range(len(script))]
    assert 429 in [answer.status for answer in answers if isinstance(answer, Failure)]


def test_the_errors_example_shows_every_error_kind():
    turns = Script.from_file(FOLDER / "errors.json").to_spec()["turns"]
    assert {turn["kind"] for turn in turns if turn["type"] == "error"} == set(ERROR_KINDS)
