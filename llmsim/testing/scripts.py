"""The ways in which a test may give a script."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmsim.script import Script, Turn
from llmsim.script.turns import AnyTurnSchema

Given = Script | Mapping[str, Any] | Sequence[Turn | Mapping[str, Any]] | str | os.PathLike[str]
"""A script, the same as a dictionary, its turns alone, the path of a JSON file, or a script's name.

A name is one of the folder of scripts that the server plays: letters, digits, `.`, `_` and `-`,
and no file of that name is there.

After the last of turns that stand alone every request is an error: in a test one turn too many is
a mistake.
"""

_TURN: Any = AnyTurnSchema()


def name_in(given: Given) -> str | None:
    """The name of a script of the server's folder, where a name was given."""
    if not isinstance(given, str) or given.endswith(".json") or "/" in given:
        return None
    return None if Path(given).exists() else given


def spec_of(given: Given) -> dict[str, Any]:
    """The script as the control API takes it, checked.

    Raises:
        ScriptError: it cannot be read, or is no script; the error holds all that is wrong.
    """
    if isinstance(given, str | os.PathLike):
        return Script.from_file(Path(given)).to_spec()
    if isinstance(given, Script):
        return given.to_spec()
    if isinstance(given, Mapping):
        return Script.from_spec(dict(given)).to_spec()
    turns = [_TURN.dump(turn) if isinstance(turn, Turn) else turn for turn in given]
    return Script.from_spec({"on_exhausted": "error", "turns": turns}).to_spec()
