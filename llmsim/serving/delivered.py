"""Lets the parts of an answer leave when it is their time, and breaks it off where a fault does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from llmsim.delivery import Leaving, Write
from llmsim.part import RESET
from llmsim.serving.counted import Count
from llmsim.serving.ending import Ending
from llmsim.sse import MAX_WRITE

# Seconds in which a client can read what came before: a reset overtakes it.
_BEFORE_BREAK = 0.02


class Timing:
    """When the first content and the end were to leave, and when they did.

    In milliseconds since the request came; None for what has not come to pass.
    """

    def __init__(self, count: Count, *, is_paced: bool = False) -> None:
        self._started = count.started
        self._count = count
        self._is_paced = is_paced
        self._facts: dict[str, float | None] = {
            "ttft_ms": None,
            "actual_ttft_ms": None,
            "end_ms": None,
            "actual_end_ms": None,
        }
        self._has_begun = False
        self._held = 0.0

    def held(self, seconds: float) -> None:
        """A gate has held the answer up for so long: what follows leaves so much later."""
        self._held += seconds

    def wait(self, write: Write) -> None:
        """Wait until it is time for a write.

        Each time counts from the start: what one is late the next one is not.
        """
        left = self._left(write)
        if left > 0:
            # By its name in the module, where gevent puts its own.
            time.sleep(left)
        self.leaves(write)

    def leaves(self, write: Write) -> None:
        """Note when the first content was due, and that it leaves now."""
        if self._is_paced:
            self._count.late(-self._left(write))
        if write.content and not self._has_begun:
            self._has_begun = True
            seconds = self._note("ttft", write)
            if self._count.is_stream:
                self._count.first_content(seconds)

    def is_due(self, write: Write) -> bool:
        """Whether the time of a write has come."""
        return self._left(write) <= 0

    def ends(self, write: Write) -> None:
        """Note that the write is the last one."""
        self._note("end", write)

    def facts(self, fault: str | None) -> dict[str, Any]:
        """As the journal has it."""
        return {"timing": self._facts, "fault": fault}

    def _left(self, write: Write) -> float:
        return self._started + write.at + self._held - time.perf_counter()

    def _note(self, what: str, write: Write) -> float:
        actual = time.perf_counter() - self._started
        self._facts[f"{what}_ms"] = round((write.at + self._held) * 1000, 3)
        self._facts[f"actual_{what}_ms"] = round(actual * 1000, 3)
        return actual


def delivered(
    leaving: Leaving, ending: Ending, timing: Timing, hold: Callable[[], float]
) -> Iterator[bytes]:
    """The body, write by write; `hold` waits at its gate, and says for how long it did.

    Raises:
        ConnectionResetError: the script breaks the answer off, and the connection is gone.
    """
    size = chunks = 0
    ended = False
    rest = leaving.writes()
    ending.count.begins()
    try:
        write = next(rest, None)
        while write is not None:
            following = next(rest, None)  # before the wait: it takes time to make
            if write.gate:
                timing.held(hold())
            timing.wait(write)
            if leaving.fault is None:
                write, following = _with_what_is_due(write, following, rest, timing)
            if following is None:
                timing.ends(write)
                end = ending.before_break if write.then else ending.before_last
                end(size + len(write.data), chunks + bool(write.data))
            if write.data:
                yield write.data
                size, chunks = size + len(write.data), chunks + 1
            if write.then:
                if write.data:
                    time.sleep(_BEFORE_BREAK)
                ending.break_off(reset=write.then == RESET)
            write = following
        ended = True
    finally:
        ending.settle(size, chunks, ended=ended)


def _with_what_is_due(
    write: Write, following: Write | None, rest: Iterator[Write], timing: Timing
) -> tuple[Write, Write | None]:
    """A write with those behind it whose time has come too, and what follows then.

    A worker that is behind catches up: many writes in one cost little more than one.
    """
    while (
        following is not None
        and following.content
        and not following.gate
        and len(write.data) < MAX_WRITE
        and timing.is_due(following)
    ):
        timing.leaves(following)
        write = following._replace(data=write.data + following.data)
        following = next(rest, None)
    return write, following
