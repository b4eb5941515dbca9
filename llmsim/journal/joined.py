"""Which requests are of one conversation, also where not each of them shows how it began.

A conversation goes by the first id that llmsim made in it. A client that sends only what is new
(with `previous_response_id`), or that has cut its history, shows a later one. Such an id says with
which answer it came, and so whose conversation goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.made_ids import taken_apart
from llmsim.script.track import MAIN

_Own = tuple[str, Any, Any]  # the name of a conversation, and the script and track that it is of


class Joined:
    """The conversations of a generation. Entries are to come in the order of the journal."""

    def __init__(self, generation: str) -> None:
        self._generation = generation
        self._of_position: dict[int, _Own] = {}
        self._known: dict[_Own, _Own] = {}  # one object for each, however many requests it has

    def name(self, facts: Mapping[str, Any]) -> str | None:
        """The name that the conversation of an entry began with; None where nothing tells it."""
        name, position = facts.get("conversation"), facts.get("position")
        if name is None or position is None or facts["generation"] != self._generation:
            return name
        shown = name, facts.get("script"), facts.get("track", MAIN)
        own = self._earlier(shown) or self._known.setdefault(shown, shown)
        self._of_position[position] = own
        return own[0]

    def _earlier(self, shown: _Own) -> _Own | None:
        """What the answer was of whose id is shown. Tracks hand histories to one another."""
        made = taken_apart(shown[0])
        if made is None or not made.may_be_of(self._generation):
            return None
        found = self._of_position.get(made.position)
        return found if found is not None and found[1:] == shown[1:] else None
