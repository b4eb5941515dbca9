"""What a store promises, whichever engine keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

DEFAULT_SESSION = "default"


class Claim(NamedTuple):
    """A position that belongs to the caller alone.

    `position` counts from 0 within `generation` (random, 64 bits, new at each rewind); `arrival`
    counts the requests of the generation; `script` is the key of the script that the position
    belongs to, for `Store.script`.
    """

    position: int
    generation: int
    arrival: int
    script: int


class Session(NamedTuple):
    """A session as it stands: `position` is what its next claim gets.

    `follows` says that it plays the default script.
    """

    name: str
    position: int
    generation: int
    script: int
    follows: bool


class Page(NamedTuple):
    """Journal entries, each a line of JSON without its line end.

    `mark` asks for those after them.
    """

    entries: Sequence[bytes]
    mark: int


class Store(ABC):
    """Session names, integers and blobs; it does not know what a turn is.

    Every method may raise `StoreError`, and then has changed nothing that a caller could observe
    twice.
    """

    # Cursors

    @abstractmethod
    def claim(self, session: str) -> Claim:
        """Take the session's next position: the one verb that moves a cursor forward.

        At most once: no position is handed out twice within a generation, whatever process dies and
        when. A session that is new, or that follows a default script which was replaced since its
        last claim, starts at position 0 of a new generation.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """

    @abstractmethod
    def reset(self, session: str) -> Session | None:
        """Start a new generation at position 0 of the same script, with an empty journal.

        None where there is no such session.
        """

    # Scripts

    @abstractmethod
    def publish(self, script: bytes) -> int:
        """Make `script` the default script and return its key.

        From here on every claim of a session that follows it belongs to it.
        """

    @abstractmethod
    def published(self) -> int | None:
        """The key of the default script, or None where there is none yet."""

    @abstractmethod
    def put_script(self, session: str, script: bytes) -> Session:
        """Give the session, made at need, a script of its own.

        A new generation, with an empty journal.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """

    @abstractmethod
    def script(self, key: int) -> bytes:
        """The script of that key.

        Raises:
            StateLostError: it is gone.
        """

    # Sessions

    @abstractmethod
    def create(self, session: str) -> Session | None:
        """Make the session, following the default script; None where it is there already.

        Raises:
            StoreFullError: there is no room for it.
        """

    @abstractmethod
    def session(self, name: str) -> Session | None:
        """The session as it stands, or None where there is none of that name."""

    @abstractmethod
    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """At most `limit` sessions from `mark` on, and the mark to go on from.

        0 is the first mark; None stands for the end.
        """

    @abstractmethod
    def delete(self, session: str) -> bool:
        """Forget the session, its script and its journal; false where there was none."""

    # The journal

    @abstractmethod
    def append(self, session: str, entry: bytes) -> Any:
        """Write a line into the session's journal and return what `amend` takes.

        None where it was dropped. Never raises.
        """

    @abstractmethod
    def amend(self, receipt: Any, ending: bytes) -> None:
        """Replace the last bytes of a line that `append` wrote; its length stays the same.

        Never raises.
        """

    @abstractmethod
    def entries(self, session: str, mark: int, limit: int) -> Page:
        """At most `limit` entries from `mark` on; 0 is the first."""

    @abstractmethod
    def dropped(self) -> int:
        """How many entries of any session found no room since the store was made."""
