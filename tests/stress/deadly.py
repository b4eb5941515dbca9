"""Processes that die in the place of a write of their choice into a store."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmsim.store.mmap_store import MmapStore
from tests.stress.forks import fork, wait_for


class Countdown:
    """Kills this process in the place of the write number `deadly`, counted from 0."""

    def __init__(self, deadly: int) -> None:
        self.writes = 0
        self._deadly = deadly

    def tick(self) -> None:
        if self.writes == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.writes += 1


class Deadly:
    """Memory that counts its writes down."""

    def __init__(self, memory: Any, countdown: Countdown) -> None:
        self._memory = memory
        self._countdown = countdown

    def __getitem__(self, place: Any) -> Any:
        return self._memory[place]

    def release(self) -> None:
        self._memory.release()

    def close(self) -> None:
        self._memory.close()

    def __setitem__(self, place: Any, value: Any) -> None:
        self._countdown.tick()
        self._memory[place] = value


def arm(store: MmapStore, deadly: int) -> Countdown:
    """Let this process die in the place of that write of `store` into its table."""
    store.published()  # attaches
    attached, countdown = store._table._attachment, Countdown(deadly)
    assert attached is not None
    table, names = attached.table, attached.table._names
    table._words = names._words = Deadly(table._words, countdown)  # type: ignore[assignment]
    counters = table._counters
    for counting in (counters, counters._kept, counters._reused):
        counting._words = Deadly(counting._words, countdown)  # type: ignore[assignment]
    names._memory = Deadly(names._memory, countdown)  # type: ignore[assignment]
    return countdown


def arm_files(countdown: Countdown) -> None:
    """Let the making and the deletion of files count as writes, too, until this process ends."""
    for name in ("link", "unlink"):
        setattr(os, name, _counted(getattr(os, name), countdown))


def die_at(
    directory: Path, deadly: int, act: Callable[[MmapStore], object], *, files: bool = False
) -> bool:
    """Do `act` in a child that dies in the place of its write number `deadly`.

    Writes into the table count or, with `files`, those of files; false when it has fewer.
    """

    def work() -> None:
        store = MmapStore(directory)
        countdown = arm(store, deadly)
        if files:
            arm_files(countdown)
        act(store)

    status = wait_for(fork(work))
    assert status in (0, -signal.SIGKILL)
    return status != 0


def _counted(write: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        countdown.tick()
        return write(*arguments, **options)

    return counted
