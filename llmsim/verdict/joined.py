"""Which requests are of one conversation, also where not each of them shows how it began.

A conversation goes by the first id that llmsim made in it. A client that sends only what is new
(with `previous_response_id`), or that has cut its history, shows a later one. Such an id says with
which answer it came, and so whose conversation goes on.
"""

from __future__ import annotations

import re

_MADE = re.compile("_llmsim_([0-9a-f]{6})[0-9a-f]*_([0-9]{1,18})_")

_Own = tuple[str, str]  # the name of a conversation, and of its line of turns


class Joined:
    """The conversations of a generation. Requests are to come in the order of their ends."""

    def __init__(self, generation: str) -> None:
        self._generation = generation[:6]
        self._of_position: dict[int, _Own] = {}
        self._known: dict[_Own, _Own] = {}  # one object for each, however many requests it has

    def name(self, conversation: str, line: str, position: int) -> str:
        """The name that a request's conversation began with; `conversation` is what it shows."""
        shown = conversation, line
        own = self._earlier(shown) or self._known.setdefault(shown, shown)
        self._of_position[position] = own
        return own[0]

    def _earlier(self, shown: _Own) -> _Own | None:
        """What the answer was of whose id is shown. Lines hand histories to one another."""
        made = _MADE.search(shown[0])
        if made is None or made[1] != self._generation:
            return None
        found = self._of_position.get(int(made[2]))
        return found if found is not None and found[1] == shown[1] else None
