"""`gate`: an answer that waits until somebody lets it pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from llmsim.script import fields
from llmsim.script.fields import Checked, Optional, PartSchema
from llmsim.script.rules import a_count, a_length, a_number, a_string, one_of, optional, require
from llmsim.script.word_or_part import WordOrPart

SESSION: Final = "session"
SERVER: Final = "server"
SCOPES: Final = (SESSION, SERVER)
MAX_HOLD_S: Final = 30

_NAME = r"[A-Za-z0-9._-]{1,64}"
_MOST_WAITING = 100_000
_MOST_SECONDS = 3600

a_hold = a_number(0, _MOST_SECONDS)
a_crowd = a_length(_MOST_WAITING)


def a_gate_name(value: Any) -> str | None:
    """What may stand in a URL."""
    if isinstance(value, str) and not re.fullmatch(_NAME, value):
        return f"expected 1 to 64 of the characters A-Z a-z 0-9 . _ -, got {value!r}"
    return a_string(value)


@dataclass(frozen=True, slots=True)
class Gate:
    """Where an answer waits: for a release, for `count` that wait, or for `max_hold_s` seconds.

    With `after_chunks`, so many chunks with content of a stream leave before. `scope` is `session`,
    or `server` for a gate that all sessions share.

    Raises:
        ScriptInvalidError: a value is wrong.
    """

    name: str
    count: int | None = None
    max_hold_s: float = MAX_HOLD_S
    after_chunks: int | None = None
    scope: str = SESSION

    def __post_init__(self) -> None:
        require("name", a_gate_name(self.name))
        require("count", optional(a_crowd)(self.count))
        require("max_hold_s", a_hold(self.max_hold_s))
        require("after_chunks", optional(a_count)(self.after_chunks))
        require("scope", one_of("scope", SCOPES)(self.scope))
        if isinstance(self.max_hold_s, float) and self.max_hold_s.is_integer():
            object.__setattr__(self, "max_hold_s", int(self.max_hold_s))  # alike when written


class GateSchema(PartSchema):
    """A gate, at which an answer waits until it is released."""

    makes = Gate
    name = Checked(
        a_gate_name,
        {"type": "string", "pattern": f"^{_NAME}$"},
        "The name by which it is released.",
        required=True,
    )
    count = Optional(
        a_crowd,
        {"type": "integer", "minimum": 1, "maximum": _MOST_WAITING},
        "As soon as so many wait, they pass together; then the next so many.",
        load_default=None,
    )
    max_hold_s = Optional(
        a_hold,
        {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS},
        "How long an answer waits at most, in seconds.",
        load_default=MAX_HOLD_S,
    )
    after_chunks = fields.count(
        "How many chunks with content of a stream leave before the gate; where absent, all waits."
    )
    scope = Optional(
        one_of("scope", SCOPES),
        {"enum": list(SCOPES)},
        "Whose gate it is: each session has its own (the default), or all of the server share one.",
        load_default=SESSION,
    )


def gate_field() -> WordOrPart:
    """The key `gate`."""
    return WordOrPart(
        GateSchema(), "name", "Where the answer waits. The name of a gate, or an object."
    )
