"""Ids that llmsim made, taken apart again: they say which answer an item is of."""

from __future__ import annotations

from typing import Final, NamedTuple

from llmsim.apis.renderer import made_id

_WORD: Final = "_llmsim_"
_OF_CALLS: Final = ("fc", "ctc")
_MARKS: Final = (2, 4)  # by arrival: generation and position; by history track and step as well


class Made(NamedTuple):
    """What an id says: its kind, the marks of its answer, and which call it is; -1 for none."""

    kind: str
    marks: tuple[str, ...]
    call: int = -1

    def other(self, kind: str) -> str:
        """The id of that kind in the same answer."""
        return made_id(kind, self.marks)


def taken_apart(name: str) -> Made | None:
    """What the id says; None where llmsim did not make it."""
    kind, word, rest = name.partition(_WORD)
    if not word:
        return None
    marks = tuple(rest.split("_"))
    call = "-1"
    if kind in _OF_CALLS:
        *marks, call = marks  # type: ignore[assignment]
    numbers = (*marks[1:], call.removeprefix("-"))
    if len(marks) not in _MARKS or not all(_is_number(number) for number in numbers):
        return None
    return Made(kind, tuple(marks), int(call))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
