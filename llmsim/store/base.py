"""What a store promises, whichever engine keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

DEFAULT_SESSION = "default"


class Claim(NamedTuple):
    """A position that belongs to the caller alone.

    `position` counts from 0 within `generation` (random, 64 bits, new at each rewind); `arrival` counts the requests of the generation;
    `script` is the key of the script that the position belongs to, for `Store.script`.
    """

    position: int
    generation: int
    arrival: int
    script: int


class Store(ABC):
    """Session names, integers and blobs; it does not know what a turn is.

    Every method may raise `StoreError`, and then has changed nothing that a caller could observe twice.
    """

    @abstractmethod
    def claim(self, session: str) -> Claim:
        """Take the session's next position: the one verb that moves a cursor forward.

        At most once: no position is handed out twice within a generation, whatever process dies and when. A session that is new, or whose
        default script was replaced since its last claim, starts at position 0 of a new generation.
        """

    @abstractmethod
    def publish(self, script: bytes) -> int:
        """Make `script` the default script and return its key; from here on every claim belongs to it."""

    @abstractmethod
    def published(self) -> int | None:
        """The key of the default script, or None where there is none yet."""

    @abstractmethod
    def script(self, key: int) -> bytes:
        """The script of that key.

        Raises:
            StateLostError: it is gone.
        """

    @abstractmethod
    def position(self, session: str) -> int:
        """The position that the session's next claim will get, without taking it."""
