"""How far a session has come in each line of turns of its script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmsim.playback.stored import Outline
from llmsim.store.base import Session, Store


def places_of(store: Store, session: Session | None, script: Outline) -> Sequence[int]:
    """How many turns of each line were taken, those beyond its end included."""
    if session is None:
        return [0] * len(script.lines)
    if not script.is_counted:
        return [session.position]
    return store.counts(session.name, [line.line.place for line in script.lines])


def begun(script: Outline, places: Sequence[int]) -> tuple[Outline, Sequence[int]]:
    """Of a folder, the lines of those scripts that the session has played."""
    if not script.is_folder:
        return script, places
    played = {line.line.script for line, place in zip(script.lines, places, strict=True) if place}
    kept = [
        (line, place)
        for line, place in zip(script.lines, places, strict=True)
        if line.line.script in played
    ]
    return script._replace(lines=tuple(line for line, _ in kept)), [place for _, place in kept]


def shown_tracks(script: Outline, places: Sequence[int]) -> list[dict[str, Any]]:
    """The tracks of a script, with the place of each; null where a track plays by history."""
    return [
        {
            "name": line.line.label,
            "turns": line.turns,
            "place": None if line.by_history else place,
        }
        for place, line in zip(places, script.lines, strict=True)
    ]
