"""From a parsed JSON value to the parts of a script.

All problems come at once, each at its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

from llmsim.errors import (
    MOST_PROBLEMS,
    Problem,
    ScriptEmptyError,
    ScriptInvalidError,
    ScriptParseError,
)
from llmsim.script import positions, slips
from llmsim.script.fields import UnknownKey
from llmsim.script.parse import parse
from llmsim.script.positions import Path
from llmsim.script.schema import SCRIPT_SCHEMA

# Steps of a path that count for the order of problems: tracks, index, turns, index, calls, index,
# key.
_DEEPEST_PROBLEM = 7


def load_text(text: str, source: str, order: str | None = None) -> dict[str, Any]:
    """The arguments of `Script` from JSON text; `order` is that of a script that says none.

    Raises:
        ScriptParseError: it is not JSON, or JSON of a sort that is refused.
        ScriptInvalidError: it is JSON and no script.
    """
    value = parse(text, source)
    if order and isinstance(value, dict) and value.get("order") is None:
        value["order"] = order
    try:
        return _checked(value)
    except ValidationError as error:
        found = _Findings(value, error)
        scan = positions.scan(text, {path for path, _, _ in found.listed})
        if scan.faults:  # nested too deeply for llmsim, and not for the `json` of this Python
            raise ScriptParseError(source, positions.problems(text, scan)) from None
        raise found.error(source, found.located(text, scan)) from None


def load_spec(value: Any, source: str) -> dict[str, Any]:
    """The arguments of `Script` from a value such as `json.loads` gives.

    Raises:
        ScriptInvalidError: it is no script.
    """
    try:
        return _checked(value)
    except ValidationError as error:
        found = _Findings(value, error)
        raise found.error(source, found.problems()) from None


def _checked(value: Any) -> dict[str, Any]:
    loaded = SCRIPT_SCHEMA.load(value)
    return {
        "turns": tuple(loaded["turns"]),
        "tracks": tuple(loaded["tracks"]),
        "when": loaded["when"],
        "weight": loaded["weight"],
        "on_exhausted": loaded["on_exhausted"],
        "order": loaded["order"],
        "steps": loaded["steps"],
        "seed": loaded["seed"],
        "errors": loaded["errors"],
        "protocol": loaded["protocol"],
        "latency": loaded["latency"],
        "limits": loaded["limits"],
        "on_mismatch": loaded["on_mismatch"],
        "must_finish": loaded["must_finish"],
    }


_Message = str | UnknownKey


class _Findings:
    """What a schema complained about in `value`, in the order of the value.

    `listed` has the first of them: path, message, whether it is about the key. `found` is how many
    there are.
    """

    def __init__(self, value: Any, error: ValidationError) -> None:
        self.value = value
        ranks = {path: rank for rank, path in enumerate(_paths(value))}
        found = [
            self._about_what_exists(path, message) for path, message in _leaves(error.messages)
        ]
        found.sort(key=lambda finding: ranks[finding[0][:_DEEPEST_PROBLEM]])
        self.found = len(found)
        self.listed = [self._in_words(*finding) for finding in found[:MOST_PROBLEMS]]

    def error(self, source: str, problems: list[Problem]) -> ScriptInvalidError:
        """The error to raise."""
        empty = isinstance(self.value, dict) and self.value.get("turns") == []
        return (ScriptEmptyError if empty else ScriptInvalidError)(source, problems, self.found)

    def problems(self) -> list[Problem]:
        """The problems, without places."""
        return [Problem(message, positions.json_path(path)) for path, message, _ in self.listed]

    def located(self, text: str, scan: positions.Scan) -> list[Problem]:
        """The problems with their places in the text that the value was read from."""
        lines = positions.Lines(text)
        return [
            Problem(
                message,
                positions.json_path(path),
                *lines.place((scan.keys if at_key else scan.values)[path]),
            )
            for path, message, at_key in self.listed
        ]

    def _about_what_exists(self, path: Path, message: _Message) -> tuple[Path, _Message]:
        return (path if self._exists(path) else path[:-1]), message

    def _in_words(self, path: Path, message: _Message) -> tuple[Path, str, bool]:
        if not isinstance(message, UnknownKey):
            return path, message, False
        sentence = slips.unknown_key(str(path[-1]), message.choices, self._parent(path))
        return path, sentence, True

    def _exists(self, path: Path) -> bool:
        node = self._parent(path)
        return not path or not isinstance(node, dict) or path[-1] in node

    def _parent(self, path: Path) -> Any:
        node = self.value
        for key in path[:-1]:
            node = node[key]
        return node


def _leaves(messages: Any, path: Path = ()) -> Iterator[tuple[Path, _Message]]:
    """The messages in marshmallow's tree of them.

    What it files under `_schema` is about the object itself, unless that is an unknown key.
    """
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _leaves(inner, (*path, key))
        return
    for message in messages:
        about_object = path[-1:] == (SCHEMA,) and not isinstance(message, UnknownKey)
        yield (path[:-1] if about_object else path), message


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of everything in `value`, in order, down to where problems are told apart."""
    yield path
    if len(path) == _DEEPEST_PROBLEM:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))
