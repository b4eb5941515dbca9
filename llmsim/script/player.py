"""A script played inside a Python process, without a server."""

from __future__ import annotations

import threading

from llmsim.errors import ScriptExhaustedError
from llmsim.script.model import Script
from llmsim.script.turns import Turn


class Player:
    """Hands out a script's turns in order, each position once, to any number of threads."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._cursor = 0
        self._lock = threading.Lock()

    @property
    def cursor(self) -> int:
        """The next position, from 0; it counts the turns that were handed out."""
        return self._cursor

    def next_turn(self) -> Turn:
        """The turn at the cursor, which moves on.

        Raises:
            ScriptExhaustedError: the turns are used up and `on_exhausted` is `error`; the cursor
                stays where it is.
        """
        with self._lock:
            index = self.script.index(self._cursor)
            if index is None:
                raise ScriptExhaustedError(len(self.script))
            self._cursor += 1
            return self.script.turns[index]
