"""A script as the store has it, opened for playing.

A small one is read whole. A large one would take seconds and hold up whoever else its worker
serves, so its turns are read as they are asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, overload

from llmsim.json_text import parse
from llmsim.playback.polled_lock import Pauses
from llmsim.script import CheckedTurns, Script, Turn
from llmsim.script.order import HISTORY
from llmsim.store.base import Blob

LARGE_BYTES = 2**20
# A turn, a call and its arguments are an object each; to check 400 of them takes 20 to 40 ms, and
# to start a process several hundred.
LARGE_OBJECTS = 400
_TURNS_AT_HAND = 1_000


def is_large(content: Blob) -> bool:
    """Whether a script, as anybody wrote it, is too large to be read while others wait."""
    return (
        not isinstance(content, bytes)
        or len(content) > LARGE_BYTES
        or content.count(b"{") > LARGE_OBJECTS
    )


def opened(content: Blob) -> Script:
    """The script that `Script.canonical` wrote."""
    if not is_large(content):
        return Script.from_json(bytes(content))
    starts = _starts(content)
    first = content[: starts[1]].rstrip(b",\n") + b"]}"
    return replace(Script.from_json(first), turns=StoredTurns(content, starts))


class Outline(NamedTuple):
    """What can be said of a script without reading its turns."""

    turns: int
    by_history: bool


def outline_of(script: Script) -> Outline:
    """The outline of a script that was read."""
    return Outline(len(script), script.by_history)


def outline_in(content: Blob) -> Outline:
    """The outline of the script that `Script.canonical` wrote: each turn has a line."""
    starts = _starts(content)
    head = parse(bytes(content[: starts[0]]).rstrip() + b"]}")
    return Outline(len(starts) - 1, head.get("order") == HISTORY)


class StoredTurns(CheckedTurns):
    """The turns of a large script: a line each, read when it is asked for, some kept at hand."""

    def __init__(self, content: Blob, starts: array[int]) -> None:
        self._content = content
        self._starts = starts
        self._at_hand: dict[int, Turn] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Turn: ...
    @overload
    def __getitem__(self, index: slice) -> list[Turn]: ...
    def __getitem__(self, index: int | slice) -> Turn | list[Turn]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return [self._turn(number) for number in numbers]
        return self._turn(numbers)

    def __iter__(self) -> Iterator[Turn]:
        """All turns. Whoever goes through them holds nobody up."""
        pauses = Pauses()
        for number in range(len(self)):
            pauses.pause()
            yield self._turn(number)

    def _turn(self, number: int) -> Turn:
        turn = self._at_hand.get(number)
        if turn is None:
            if len(self._at_hand) >= _TURNS_AT_HAND:
                self._at_hand.clear()
            turn = self._at_hand[number] = self._read(number)
        return turn

    def _read(self, number: int) -> Turn:
        line = self._content[self._starts[number] : self._starts[number + 1]]
        return Script.from_json(b'{"turns":[' + line.rstrip(b",\n") + b"]}").turns[0]


def _starts(content: Blob) -> array[int]:
    """Where the line of each turn begins, and at last that of the end."""
    pauses = Pauses()
    starts: array[int] = array("Q")
    at = content.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
        pauses.pause()
    return starts
