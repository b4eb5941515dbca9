"""The ids that llmsim makes: how they are made, and what they say.

Clients send ids back unaltered, whatever else they do to a history: so each says which answer it
came with, by the marks of that answer. An id that belongs to a call ends with its number.

- `msg_llmsim_<generation>_<position>`, `fc_llmsim_<generation>_<position>_<call>`; under the order
  `history`, `_<track>_<step>` follows the position.
- `call_llmsim_<position>_<call>`; under the order `history`
  `call_llmsim_<start of the generation>_<position>_<track>_<step>_<call>`. In a chat answer's
  further choices, the number of the choice follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MADE: Final = "_llmsim_"
"""What every id has in it that can be taken apart."""

MADE_CALL: Final = f"call{MADE}"
"""How the call ids begin that llmsim makes."""

Marks = tuple[str, ...]
"""What makes an answer's ids unique: the generation (16 hex digits) and the position, and under the
order `history` also the track and the step."""

KINDS: Final = ("call", "msg", "fc", "ctc", "rs", "resp")
"""What the ids begin with that can be taken apart, those first that most clients send back."""

_OF_CALLS = ("call", "fc", "ctc")
_START = 6  # digits of the generation in a call id: the APIs take 40 characters

# Everything is bounded and ASCII: clients may send numbers that nobody made, and long texts in
# which a search would begin anew at every letter.
_KIND = f"({'|'.join(KINDS)}){MADE}"
_NUMBER = "([0-9]{1,18})"
_CALL = rf"(?:_{_NUMBER})?(?:_[0-9]{{1,18}})?(?!\w)"
# Both have the same groups: kind, generation, position, track, step and call.
_BY_HISTORY = re.compile(
    rf"{_KIND}([0-9a-f]{{16}}|[0-9a-f]{{{_START}}})_{_NUMBER}_{_NUMBER}_{_NUMBER}{_CALL}"
)
_BY_ARRIVAL = re.compile(rf"{_KIND}(?:([0-9a-f]{{16}})_)?{_NUMBER}()(){_CALL}")


class MadeId(NamedTuple):
    """An id, taken apart.

    `generation` has 16 hex digits; in a call id it is their start, or empty under the order
    `arrival`. `track` and `step` are -1 under that order, `call` where the id is of no call.
    """

    text: str
    kind: str
    generation: str
    position: int
    track: int = -1
    step: int = -1
    call: int = -1

    @property
    def is_by_history(self) -> bool:
        """Whether it says a step."""
        return self.step >= 0

    @property
    def marks(self) -> Marks:
        """The marks of its answer, as far as the id has them."""
        marks = self.generation, str(self.position)
        return (*marks, str(self.track), str(self.step)) if self.is_by_history else marks

    def may_be_of(self, generation: str) -> bool:
        """Whether it may have been made in that generation (16 hex digits)."""
        return generation.startswith(self.generation)

    def is_beside(self, other: MadeId) -> bool:
        """Whether both came with the same answer, as far as they say."""
        start, other_start = self.generation[:_START], other.generation[:_START]
        return (start, self.position) == (other_start, other.position)


def generation_mark(generation: int) -> str:
    """The generation as ids, the journal and the control API have it: 16 hex digits."""
    return f"{generation:016x}"


def made_id(kind: str, marks: Marks, separator: str = "_") -> str:
    """The id of that kind in the answer with these marks."""
    return separator.join((kind, "llmsim", *marks))


def made_item_id(kind: str, marks: Marks, call: int) -> str:
    """The id of the item of a call, which has a call id beside it."""
    return f"{made_id(kind, marks)}_{call}"


def made_call_id(serial: str, call: int) -> str:
    """The id of a call; for `serial` see `serial_of`."""
    return f"{MADE_CALL}{serial}_{call}"


def serial_of(marks: Marks) -> str:
    """What makes the call ids of an answer unique."""
    generation, *rest = marks
    return rest[0] if len(rest) == 1 else "_".join((generation[:_START], *rest))


def taken_apart(name: str) -> MadeId | None:
    """What the id says; None where llmsim did not make it."""
    found = _BY_HISTORY.fullmatch(name) or _BY_ARRIVAL.fullmatch(name)
    return _read(found) if found else None


def found_in(text: str) -> Iterator[MadeId]:
    """The ids in a text that were made under the order `history`."""
    for found in _BY_HISTORY.finditer(text):
        made = _read(found)
        if made is not None:
            yield made


def _read(found: re.Match[str]) -> MadeId | None:
    kind, generation, position, track, step, call = found.groups()
    if (call is None) == (kind in _OF_CALLS):
        return None
    numbers = int(position), int(track or -1), int(step or -1), int(call or -1)
    return MadeId(found[0], kind, generation or "", *numbers)
