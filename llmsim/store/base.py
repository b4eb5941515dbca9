"""What a store promises, whichever engine keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from mmap import mmap
from typing import Any, Final, NamedTuple

from llmsim.store.gates import Gates

DEFAULT_SESSION = "default"

Blob = bytes | mmap  # a large script stays in its file, and is read where it is needed


# How a script begins that names another one: many sessions have the same, so it is kept once.
REFERENCE: Final = b'{"use":'


# The key of the place that every session has: that of its script's own turns.
MAIN: Final = b""


class Seen(NamedTuple):
    """What a request met, and what was decided for it hangs on.

    `generation` is 0 where the next claim begins one, `script` the key of the script that plays,
    `published` that of the default script.
    """

    generation: int
    script: int
    published: int


class Limit(NamedTuple):
    """A bucket that empties as time passes, and what is to be taken of it; in microseconds.

    The key has 16 bytes. `cost` is how much longer the bucket then takes to empty, `window` how
    long it may take at most. A bucket that was not used for long may be forgotten: it is empty.
    """

    key: bytes
    cost: int
    window: int


class Take(NamedTuple):
    """What a claim takes beside the position: a place, and a try. And what it adds to.

    `place` is the key of the place that chooses the turn, None where none does. `tries` is the key
    of a counter of tries, None where there is nothing to count. `served` are keys of counters for
    `Store.counts`, by the number of the try: the claim adds 1 to that of its own. The last one
    stands for all tries beyond, or with `in_turn` the first comes again. Where a counter finds no
    room, nothing else is lost.
    Keys but `MAIN` have 16 bytes, and count for one session's generation alone. `arrival` is the
    number that the request got from `Store.arrive`; None where its claim is its arrival. `limits`
    are what the claim must keep to: it takes of all of them, or of none.
    """

    place: bytes | None = MAIN
    tries: bytes | None = None
    served: Sequence[bytes] = ()
    in_turn: bool = False
    arrival: int | None = None
    limits: tuple[Limit, ...] = ()

    def serves(self, tries: int) -> bytes:
        """The key of what a try of that number is served; there is one."""
        keys = self.served
        return keys[tries % len(keys) if self.in_turn else min(tries, len(keys) - 1)]


# What a request takes where nothing else was decided.
TURN: Final = Take()


class Arrival(NamedTuple):
    """The number of a request among those of the session's generation, and what it has met."""

    number: int
    seen: Seen


class Claim(NamedTuple):
    """A position that belongs to the caller alone.

    `position` counts from 0 within `generation` (random, 64 bits, new at each rewind); `arrival`
    counts the requests of the generation; `script` is the key of the script that the position
    belongs to, for `Store.script`. `place` and `tries` are what the counters of `Take` said before,
    `limits` how full the buckets of its limits are now, in microseconds.
    """

    position: int
    generation: int
    arrival: int
    script: int
    place: int = 0
    tries: int = 0
    limits: tuple[int, ...] = ()


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


# A line of a journal, where a generation begins there without an entry of its own.
BEGINS: Final = b'{"begins":"%016x"}'

# Whether a reader wants a line of a journal.
KeepLine = Callable[[bytes], bool]


class Store(ABC):
    """Session names, integers and blobs; it does not know what a turn is.

    Every method may raise `StoreError`, and then has changed nothing that a caller could observe
    twice.
    """

    gates: Gates

    # Cursors

    @abstractmethod
    def look(self, session: str, *, fresh: bool = False) -> Seen:
        """What a claim of the session would meet. It makes no session.

        Unless it is to be `fresh`, it may be what this process met last: a claim finds out whether
        it is still so.
        """

    @abstractmethod
    def arrive(self, session: str, seen: Seen | None = None) -> Arrival:
        """Count a request that may take no position. Its claim then counts no other arrival.

        It begins a generation where a claim would. With `seen`, nothing changes where the session
        is no longer so.

        Raises:
            MovedError: the session is no longer as it was seen.
            StoreFullError: the session is new and there is no room for it.
        """

    @abstractmethod
    def claim(self, session: str, seen: Seen | None = None, what: Take = TURN) -> Claim:
        """Take the session's next position: the one verb that moves a cursor forward.

        At most once: no position is handed out twice within a generation, whatever process dies and
        when. A session that is new, or that follows a default script which was replaced since its
        last claim, starts at position 0 of a new generation. With `seen`, nothing is taken where
        the session is no longer so.

        Raises:
            MovedError: the session is no longer as it was seen.
            LimitedError: a limit does not let it through. It counts as an arrival, and takes
                nothing.
            StoreFullError: the session is new and there is no room for it.
            TracksFullError: its place is new and there is no room for it.
        """

    @abstractmethod
    def charge(self, session: str, generation: int, limit: Limit) -> int:
        """Take of a bucket, also beyond its window; how full it is then, in microseconds.

        0, and nothing is taken, where the session is of another generation by now.
        """

    @abstractmethod
    def add(self, session: str, key: bytes, number: int) -> bool:
        """Add a number, from 1 up, to a counter that the session keeps for its generation.

        False where none has room.
        """

    @abstractmethod
    def uncounted(self) -> int:
        """How often any counter of any session found no room since the store was made."""

    @abstractmethod
    def counts(self, session: str, keys: Sequence[bytes]) -> list[int]:
        """What the kept counters of these keys say; 0 where there is none.

        `MAIN` asks for the place of the script's own turns. Where the session's next claim begins
        a generation all are 0.
        """

    @abstractmethod
    def reset(self, session: str) -> Session | None:
        """Start a new generation at position 0 of the same script, with an empty journal.

        None where there is no such session.
        """

    # Scripts

    @abstractmethod
    def publish(self, script: Blob, *, rewinds: bool = True, instead_of: int | None = None) -> int:
        """Make `script` the default script and return its key.

        From here on every claim of a session that follows it belongs to it. The sessions begin a
        generation, unless it `rewinds` none. Where it is the default script already, nothing
        changes.

        Raises:
            MovedError: the default script is no longer that of the key `instead_of`.
        """

    @abstractmethod
    def published(self) -> int | None:
        """The key of the default script, or None where there is none yet."""

    @abstractmethod
    def put_script(self, session: str, script: Blob) -> Session:
        """Give the session, made at need, a script of its own, and a new generation.

        Its journal goes on.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """

    @abstractmethod
    def script(self, key: int) -> Blob:
        """The script of that key.

        Raises:
            StateLostError: it is gone.
        """

    # Sessions

    @abstractmethod
    def create(
        self, session: str, script: Blob | None = None, options: bytes = b""
    ) -> Session | None:
        """Make the session; None where it is there already.

        With a script of its own, or following the default one. Its options last until it is
        deleted.

        Raises:
            StoreFullError: there is no room for it.
        """

    @abstractmethod
    def options(self, session: str) -> bytes:
        """What the session was made with; nothing where that was nothing."""

    @abstractmethod
    def session(self, name: str) -> Session | None:
        """The session as it stands, or None where there is none of that name."""

    @abstractmethod
    def sessions(self, mark: int, limit: int) -> tuple[list[Session], int | None]:
        """At most `limit` sessions from `mark` on, and the mark to go on from.

        0 is the first mark; None stands for the end.
        """

    @abstractmethod
    def session_count(self) -> int:
        """How many sessions there are."""

    @abstractmethod
    def delete(self, session: str) -> bool:
        """Forget the session, its script and its journal; false where there was none."""

    # The journal

    @abstractmethod
    def append(self, session: str, generation: int, entry: bytes, *, spare: bool = False) -> Any:
        """Write a line into the session's journal and return what `amend` takes.

        None where there is no room for it, or no such session. The last quarter of the room is for
        `spare` lines; only of these does the store count those that it has no room for.

        Raises:
            StoreUnreachableError: nobody knows whether it was written. Nothing else is raised.
        """

    @abstractmethod
    def amend(self, receipt: Any, ending: bytes) -> None:
        """Replace the last bytes of a line that `append` wrote; its length stays the same.

        Never raises.
        """

    @abstractmethod
    def entries(self, session: str, mark: int, limit: int, keep: KeepLine) -> Page:
        """At most `limit` lines that `keep` takes, from `mark` on; 0 is the first.

        It looks at a bounded number of lines: the end is reached where the mark stays.
        """

    @abstractmethod
    def wait(self, session: str, mark: int, seconds: float) -> None:
        """Return when the session may have lines after `mark`, after `seconds` at the latest."""

    @abstractmethod
    def dropped(self) -> int:
        """How many entries of any session found no room since the store was made."""
