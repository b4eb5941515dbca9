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


def _verb(name: str) -> Verb:
    return Verb.of((_FOLDER / "prelude.lua").read_bytes() + (_FOLDER / f"{name}.lua").read_bytes())


CONNECT = _verb("connect")
LOOK = _verb("look")
ARRIVE = _verb("arrive")
CLAIM = _verb("claim")
CHARGE = _verb("charge")
ADD = _verb("add")
COUNTS = _verb("counts")
RESET = _verb("reset")
GATE = _verb("gate")
STAGE = _verb("stage")
PUBLISH = _verb("publish")
BEGIN = _verb("begin")
SESSIONS = _verb("sessions")
DELETE = _verb("delete")
APPEND = _verb("append")
AMEND = _verb("amend")
PAGE = _verb("page")
