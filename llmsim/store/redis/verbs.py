"""What is done within Redis: a Lua file each, which is one step for all others."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "lua"


class Verb(NamedTuple):
    """A Lua program, and the name under which Redis knows it once it has run it."""

    source: bytes
    digest: bytes

    @classmethod
    def of(cls, source: bytes) -> Verb:
        """The verb that this program is."""
        return cls(source, sha1(source, usedforsecurity=False).hexdigest().encode())


def _verb(name: str, *parts: str) -> Verb:
    """The program of that name, and before it what all have and the parts that it takes."""
    files = [*(f"parts/{part}.lua" for part in ("prelude", *parts)), f"{name}.lua"]
    return Verb.of(b"\n".join((_FOLDER / file).read_bytes() for file in files))


CONNECT = _verb("connect")
LOOK = _verb("look")
ARRIVE = _verb("arrive", "counters", "generations")
CLAIM = _verb("claim", "counters", "limits", "generations")
CHARGE = _verb("charge", "limits")
ADD = _verb("add", "counters")
COUNTS = _verb("counts")
RESET = _verb("reset", "counters", "generations", "journal")
GATE = _verb("gate")
STAGE = _verb("stage")
PUBLISH = _verb("publish", "scripts")
BEGIN = _verb("begin", "counters", "generations", "scripts", "journal")
SESSIONS = _verb("sessions")
DELETE = _verb("delete", "counters", "scripts", "journal")
APPEND = _verb("append", "journal")
AMEND = _verb("amend")
PAGE = _verb("page")
