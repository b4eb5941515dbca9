"""What the Lua programs take and give, from and to what a store does."""

from __future__ import annotations

import os
from typing import Any

from llmsim.store.base import MAIN, Claim, Seen, Session, Take


def hexed(key: int) -> bytes:
    """A key or a generation."""
    return b"%016x" % key


def new_generation() -> bytes:
    """A generation that begins, if one does: random, so no two are ever the same."""
    return os.urandom(8).hex().encode()


def met(seen: Seen | None) -> tuple[bytes, bytes]:
    """What was seen, and a new generation where one may begin."""
    if seen is None:
        return b"", new_generation()
    return b"%016x%016x%016x" % seen, b"" if seen.generation else new_generation()


def taking(what: Take) -> tuple[bytes | int, ...]:
    """What is to be taken."""
    place, tries, served, in_turn, arrival, limits = what
    kind = b"track" if place else b"none" if place is None else b"main"
    if not tries and not served and arrival is None and not limits:
        return kind, place or MAIN
    return (
        kind,
        place or MAIN,
        tries or b"",
        b"%d%b" % (in_turn, b"".join(served)) if served else b"",
        b"" if arrival is None else arrival,
        *(value for limit in limits for value in limit),
    )


def claim_of(found: list[Any]) -> Claim:
    """What was taken."""
    _, position, arrival, place, tries, generation, script, *limits = found
    generation, script = int(generation, 16), int(script, 16)
    return Claim(position, generation, arrival, script, place, tries, tuple(limits))


def seen_of(found: list[bytes]) -> Seen:
    """What a claim would meet."""
    return Seen(*(int(number, 16) for number in found))


def session_of(found: list[Any] | None) -> Session | None:
    """A session as it stands."""
    if found is None:
        return None
    name, position, generation, script, own = found
    return Session(name.decode(), position, int(generation, 16), int(script, 16), own != b"1")
