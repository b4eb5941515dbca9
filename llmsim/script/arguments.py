"""Arguments that take values from the request: `{"$value": "<expression>"}` inside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from llmsim.script.expressions import an_expression
from llmsim.script.json_value import MAX_DEPTH
from llmsim.script.positions import Path
from llmsim.script.values import Values

VALUE: Final = "$value"

# In compact JSON. No string can hold it: a quote inside a string stands behind a backslash.
_PLACE = re.compile(r'\{"\$value":("(?:[^"\\]|\\.)*")\}')


@dataclass(frozen=True, slots=True)
class Filling:
    """JSON text with places for values; `pieces` are text and expressions in turn.

    `levels` is how deep the value in a place may be nested.
    """

    pieces: tuple[str, ...]
    levels: int

    def filled(self, values: Values) -> str:
        """The JSON text with the values of a request."""
        pieces = list(self.pieces)
        pieces[1::2] = [values.json(expression, self.levels) for expression in pieces[1::2]]
        return "".join(pieces)


def filling_of(arguments: Any, text: str) -> Filling | None:
    """The arguments with their places, None where they have none.

    `text` are the same as compact JSON; their expressions have been checked.
    """
    pieces = _PLACE.split(text)
    if len(pieces) == 1:
        return None
    pieces[1::2] = map(json.loads, pieces[1::2])
    deepest = max(len(path) for path, _ in _objects_with_value(arguments))
    return Filling(tuple(pieces), MAX_DEPTH - deepest)


def problems(arguments: Any) -> Iterator[tuple[Path, str]]:
    """What is wrong with the places for values, and where."""
    for path, node in _objects_with_value(arguments):
        if len(node) == 1 and (problem := an_expression(node[VALUE])):
            yield (*path, VALUE), problem


def beside_others(arguments: Any) -> Iterator[Path]:
    """Where `$value` is one key of several, and so a key like any other."""
    return (path for path, node in _objects_with_value(arguments) if len(node) > 1)


def _objects_with_value(arguments: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects that have the key, in the order in which they are written.

    What a program built may be nested to any depth, and hold itself: nothing here recurses, and
    nothing is looked at twice.
    """
    open_nodes: list[tuple[_Way, Any]] = [((), arguments)]
    known: set[int] = set()
    while open_nodes:
        way, node = open_nodes.pop()
        if not isinstance(node, dict | list) or id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, dict) and VALUE in node:
            yield _path(way), node
        inner = list(node.items() if isinstance(node, dict) else enumerate(node))
        open_nodes.extend(((way, key), each) for key, each in reversed(inner))


# The way to where a key stands, and the key. To build each path whole would take ever longer.
_Way = tuple[()] | tuple["_Way", str | int]


def _path(way: _Way) -> Path:
    keys: list[str | int] = []
    while way:
        way, key = way
        keys.append(key)
    return tuple(reversed(keys))
