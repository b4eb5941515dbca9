"""How an answer ends, and that its entry says so in time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NoReturn, Protocol

from llmsim.journal.entry import BROKEN_OFF, CLIENT_GONE, COMPLETED
from llmsim.serving.abandoned import is_collecting, later
from llmsim.serving.counted import CLIENT, SCRIPT, Count
from llmsim.serving.peer import break_off, has_hung_up, was_reset


class Entry(Protocol):
    """An entry of the journal, complete but for its end: outcome, bytes and writes."""

    def append(self, outcome: str, size: int, chunks: int) -> Any:
        """Write it; what comes back is for `amend`, None where there is no room for it."""

    def amend(self, receipt: Any, outcome: str, size: int, chunks: int) -> None:
        """Write another end."""


class Ending:
    """The end of one answer.

    The entry is written before the last part of the body is handed on, and amended if it was wrong
    about how that ends. The request is counted at the same time.
    """

    def __init__(self, entry: Entry | None, environ: Mapping[str, Any], count: Count) -> None:
        self._entry = entry
        self.count = count
        self._environ = environ
        self._receipt: Any = None
        self._outcome = COMPLETED

    def before_last(self, size: int, chunks: int) -> None:
        """So many bytes will have left, in so many writes, when the next one has."""
        outcome = CLIENT_GONE if has_hung_up(self._environ) else COMPLETED
        self._write(outcome, size, chunks)

    def before_break(self, size: int, chunks: int) -> None:
        """So many have left, and then the script breaks the connection off."""
        self._write(BROKEN_OFF, size, chunks)

    def break_off(self, *, reset: bool) -> NoReturn:
        """Break the connection off.

        Raises:
            ConnectionResetError: always, for whoever goes through the body.
        """
        break_off(self._environ, reset=reset)

    def settle(self, size: int, chunks: int, *, ended: bool) -> None:
        """So many have left, and nothing follows; `ended` says that all have."""
        if not ended and is_collecting():
            later(partial(self.settle, size, chunks, ended=False))
            return
        if not self.count.is_done:
            self.count.done()
        if self._outcome == BROKEN_OFF:
            self.count.aborted(SCRIPT)
            return
        # A client that was gone resets the connection as it is written to; one that has only
        # said all that it will say does not.
        completed = ended and (self._outcome == COMPLETED or not was_reset(self._environ))
        actual = COMPLETED if completed else CLIENT_GONE
        if not completed:
            self.count.aborted(CLIENT)
        if self._entry is None:
            return
        if self._receipt is not None and actual != self._outcome:
            self._entry.amend(self._receipt, actual, size, chunks)
        elif self._receipt is None and not ended:
            self._entry.append(CLIENT_GONE, size, chunks)

    def _write(self, outcome: str, size: int, chunks: int) -> None:
        self._outcome = outcome
        if self._entry is not None:
            self._receipt = self._entry.append(outcome, size, chunks)
        self.count.done()


def handed_on(parts: Iterable[bytes], ending: Ending) -> Iterator[bytes]:
    """The parts, each as soon as it is asked for; of the last one the ending is told before."""
    size = chunks = 0
    ended = False
    rest = iter(parts)
    count = ending.count
    count.begins()
    try:
        part = next(rest, None)
        if count.is_stream:
            count.first_content(time.perf_counter() - count.started)
        while part is not None:
            following = next(rest, None)
            if following is None:
                ending.before_last(size + len(part), chunks + 1)
            yield part
            size, chunks, part = size + len(part), chunks + 1, following
        ended = True
    finally:
        ending.settle(size, chunks, ended=ended)
