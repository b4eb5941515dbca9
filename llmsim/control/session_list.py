"""What a list says of each session, and going through many of them.

Whoever goes through them pauses in between, so that other requests of the worker are served.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from llmsim.control.operation import playback
from llmsim.control.session_schemas import EXHAUSTED, UNFINISHED, UNTOUCHED
from llmsim.errors import StateLostError
from llmsim.journal.tally import Tallies
from llmsim.json_text import ascii_json
from llmsim.made_ids import generation_mark
from llmsim.playback.places import begun, places_of, shown_tracks
from llmsim.playback.polled_lock import Pauses
from llmsim.playback.stored import Outline
from llmsim.store.base import Session

_AT_ONCE = 500
_SLICE = 0.004  # seconds that others wait
_TALLIES = Tallies()


class Chosen(NamedTuple):
    """Which sessions are listed: by their name, and in that state if one is asked for."""

    prefix: str
    search: str
    state: str | None

    def has_name(self, name: str) -> bool:
        """Whether it begins with the one, and holds the other somewhere."""
        return name.startswith(self.prefix) and self.search.lower() in name.lower()


def page(after: int, limit: int, chosen: Chosen) -> bytes:
    """A page of the sessions that are chosen.

    As JSON, written session by session: to write a large page at once would hold others up.
    """
    listed: list[bytes] = []
    pauses = Pauses(_SLICE)
    following: int | None = after
    while following is not None and len(listed) < limit:
        wanted = min(_AT_ONCE, limit - len(listed))
        found, following = playback().store.sessions(following, wanted)
        for session in found:
            pauses.pause()
            current = with_script(session) if chosen.has_name(session.name) else None
            if current is None:
                continue
            facts = _standing(*current)
            if chosen.state in {None, facts["state"]}:
                listed.append(ascii_json(facts | _tallied(current[0], pauses)))
    return b'{"sessions":[%b],"next":%b}' % (b",".join(listed), ascii_json(following))


def described(session: Session, script: Outline) -> dict[str, Any]:
    """What a list says of a session that plays this script."""
    return _standing(session, script) | _tallied(session, Pauses(_SLICE))


def names(prefix: str) -> Iterator[str]:
    """The names of all sessions that begin with `prefix`."""
    pauses = Pauses(_SLICE)
    following: int | None = 0
    while following is not None:
        found, following = playback().store.sessions(following, _AT_ONCE)
        for session in found:
            if session.name.startswith(prefix):
                yield session.name
            pauses.pause()


def standing_ones(prefix: str, pauses: Pauses) -> Iterator[tuple[Session, Outline]]:
    """The sessions whose name begins with `prefix`, as they stand, and their scripts."""
    following: int | None = 0
    while following is not None:
        found, following = playback().store.sessions(following, _AT_ONCE)
        for session in found:
            pauses.pause()
            current = with_script(session) if session.name.startswith(prefix) else None
            if current is not None:
                yield current


def with_script(session: Session) -> tuple[Session, Outline] | None:
    """The session as it stands by now, and its script; None where it was deleted meanwhile."""
    found: Session | None = session
    lost = session.script
    while found is not None:
        try:
            return found, playback().scripts.outline(found.script)
        except StateLostError:
            # Its script was replaced meanwhile; if not, it is lost.
            found = playback().store.session(session.name)
            if found is not None and found.script == lost:
                raise
            lost = found.script if found else 0
    return None


def _standing(session: Session, script: Outline) -> dict[str, Any]:
    # By history a session holds many conversations: no one number says how far they are.
    script, places = begun(script, places_of(playback().store, session, script))
    used = None
    if not script.by_history:
        used = sum(min(place, line.turns) for place, line in zip(places, script.lines, strict=True))
    state = EXHAUSTED if used == script.turns else UNFINISHED
    if not session.position:
        state = UNTOUCHED
    facts = {
        "name": session.name,
        "position": session.position,
        "generation": generation_mark(session.generation),
        "script": script.given or ("default" if session.follows else "own"),
        "turns": script.turns,
        "turns_used": used,
        "state": state,
    }
    if script.has_tracks or script.is_folder:
        facts["tracks"] = shown_tracks(script, places)
    return facts


def _tallied(session: Session, pauses: Pauses) -> dict[str, Any]:
    tally = _TALLIES.of(playback().store, session, pauses.pause)
    return tally._asdict() | {"last": tally.last or None}
