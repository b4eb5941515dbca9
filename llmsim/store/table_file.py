"""The file of the cursor table, as a server that starts makes it or finds it."""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path

from llmsim.errors import StartupError, StateLostError
from llmsim.store.name_index import NameIndex
from llmsim.store.state_dir import write_new
from llmsim.store.table_layout import (
    DELETED,
    FOLLOWS,
    GENERATION,
    HEADER,
    LIVE,
    OWN,
    ROW,
    STATE,
    STATES,
    USE,
    header,
    rows_in_use,
    table_size,
)

# Every worker maps all of the table, and the scripts and journals need room, too.
_SHARE_OF_MEMORY = 4


def make_table(path: Path, sessions: int) -> None:
    """Make an empty table with room for so many sessions, where there is no file at `path`.

    Raises:
        StartupError: it is too large for this machine.
        OSError: it cannot be written, or the disk is full.
    """
    if path.exists():
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    size = table_size(sessions)
    if size * _SHARE_OF_MEMORY > memory:
        raise StartupError(
            f"store.max_sessions (LLMSIM_MAX_SESSIONS) is {sessions}: their table takes "
            f"{size / 2**30:,.1f} GiB, and a quarter of this machine's memory is "
            f"{memory / _SHARE_OF_MEMORY / 2**30:,.1f} GiB; name fewer."
        )
    with suppress(FileExistsError):  # another worker was first
        write_new(path, header(sessions), size)


def check_rows(path: Path) -> None:
    """Look at every row of the table at `path`, which nobody uses yet.

    Raises:
        StateLostError: one is damaged.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory,
        memoryview(memory) as all_bytes,
        all_bytes.cast("Q") as words,
    ):
        names = NameIndex(memory, words)
        for row in rows_in_use(words):
            if wrong := _damage(words, names, row):
                raise StateLostError(
                    f"{path} is damaged (row {(row - HEADER) // ROW}: {wrong}): restore the state "
                    "directory from a copy, or name another one."
                )


def _damage(words: memoryview, names: NameIndex, row: int) -> str:
    """What is wrong with the row, or nothing."""
    live = words[row + LIVE]
    if live == DELETED:
        return ""
    if live > DELETED:
        return f"its live state is {live}"
    if not names.leads_to(row):
        return "its name is broken"
    state = row + STATES + (live - 1) * STATE
    sound = words[state + GENERATION] and words[state + USE] in (FOLLOWS, OWN)
    return "" if sound else "its state is broken"
