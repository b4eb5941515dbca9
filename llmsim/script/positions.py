"""Where things stand in a JSON text, and what the RFC-abiding reader refuses that `json` takes.

Slow and used only after something was found to be wrong. Nothing here recurses: the text may be
nested to any depth.
"""

from __future__ import annotations

import json.decoder
import math
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from llmsim.errors import Problem

Path = tuple[str | int, ...]

# Containers in one another: the same on every Python, and half of what its recursion limit leaves
# to `json`.
MAX_DEPTH = 512

_TOKEN = re.compile(r'[ \t\n\r]*("|[{}\[\],:]|[^ \t\n\r{}\[\],:"]+)')
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN_STEPS = 8
_scan_string: Any = json.decoder.scanstring  # type: ignore[attr-defined]


def json_path(path: Path) -> str:
    """`path` in JSONPath notation: `$.turns[2].kind`; a long one is cut."""
    steps = "".join(map(_step, path[:_SHOWN_STEPS]))
    return f"${steps}..." if len(path) > _SHOWN_STEPS else f"${steps}"


def _step(key: str | int) -> str:
    if not isinstance(key, str):
        return f"[{key!r}]"
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


class Lines:
    """Turns offsets in a text into lines and columns, both from 1.

    Lines end at LF, as for `json.JSONDecodeError`.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of the character at `offset`."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(slots=True)
class _Open:
    """A container that the scan is inside of; `key` is where in it the next value stands."""

    path: Path
    key: str | int
    keys: set[str] | None = None  # those seen so far; None for an array
    wants_key: bool = False


@dataclass
class Scan:
    """What one pass over a text found.

    The offsets of the values and keys whose paths are in `wanted`, and what a strict reader
    refuses.
    """

    wanted: frozenset[Path]
    values: dict[Path, int] = field(default_factory=dict)
    keys: dict[Path, int] = field(default_factory=dict)
    faults: list[tuple[int, Path, str]] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)

    def run(self, text: str) -> None:
        """Read `text` to its end.

        It stops at the first place that is nested too deeply, or where it is no JSON.
        """
        at = 0
        while token := _TOKEN.match(text, at):
            start, at = token.start(1), token.end()
            if token[1] == '"':
                string, at = _scan_string(text, at)
                self._string(start, string)
            elif token[1] in "{}[],:":
                self._mark(start, token[1])
            else:
                self._literal(start, token[1])
            if len(self._stack) > MAX_DEPTH:
                self.faults.append(
                    (
                        start,
                        self._stack[-1].path,
                        f"nested too deeply: more than {MAX_DEPTH} levels",
                    )
                )
                return

    def _string(self, start: int, string: str) -> None:
        top = self._stack[-1] if self._stack else None
        if top is None or not top.wants_key or top.keys is None:
            self._value(start)
            return
        path = (*top.path, string)
        if string in top.keys:
            self.faults.append((start, path, f"duplicate key {string!r}"))
        elif path in self.wanted:
            self.keys[path] = start
        top.keys.add(string)
        top.key = string

    def _mark(self, start: int, mark: str) -> None:
        if mark in "{[":
            path = self._value(start)
            self._stack.append(
                _Open(path, "", set(), wants_key=True) if mark == "{" else _Open(path, 0)
            )
        elif mark in "}]":
            self._stack.pop()
        elif mark == ":":
            self._stack[-1].wants_key = False
        elif isinstance(self._stack[-1].key, int):
            self._stack[-1].key += 1
        else:
            self._stack[-1].wants_key = True

    def _literal(self, start: int, literal: str) -> None:
        path = self._value(start)
        if problem := _bad_number(literal):
            self.faults.append((start, path, problem))

    def _value(self, start: int) -> Path:
        path = (*self._stack[-1].path, self._stack[-1].key) if self._stack else ()
        if path in self.wanted:
            self.values[path] = start
        return path


def _bad_number(literal: str) -> str | None:
    if literal in {"NaN", "Infinity", "-Infinity"}:
        return f"{literal} is not a JSON number"
    if literal in {"true", "false", "null"}:
        return None
    if set(literal) & set(".eE"):
        return None if math.isfinite(float(literal)) else f"{literal} is too large a number"
    digits, limit = len(literal.lstrip("-")), sys.get_int_max_str_digits()
    return (
        f"an integer of {digits:,} digits is too long; the limit is {limit:,}"
        if limit and digits > limit
        else None
    )


def scan(text: str, wanted: Iterable[Path] = ()) -> Scan:
    """What one pass over `text` finds.

    Where the text turns out to be no JSON, what was found before that place.
    """
    found = Scan(frozenset(wanted))
    with suppress(
        IndexError, ValueError
    ):  # a closing mark too many, a broken string or number: `json` reports these itself
        found.run(text)
    return found


def problems(text: str, found: Scan) -> list[Problem]:
    """What a strict reader refuses.

    Duplicate keys, numbers that are not finite or too long, the first place that is nested too
    deeply.
    """
    lines = Lines(text)
    return [
        Problem(message, json_path(path), *lines.place(offset))
        for offset, path, message in found.faults
    ]
