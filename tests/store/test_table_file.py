"""The table's file: damaged rows stop a start, and so does a table beyond the machine's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmsim.errors import StartupError, StateLostError
from llmsim.store.mmap_store import TABLE_NAME, MmapStore
from llmsim.store.table_layout import GENERATION, HEADER, ROW, STATE, STATES, USE, WORD

SESSIONS = ("a", "b" * 64, "c.d-e_f")


def made(directory: Path) -> Path:
    """A table with a few sessions and one that was deleted."""
    store = MmapStore.create_in(directory, max_sessions=10)
    store.publish(b'{"turns":[{"type":"assistant","text":"x"}]}')
    for name in (*SESSIONS, "deleted"):
        store.claim(name)
    store.delete("deleted")
    store.detach()
    return directory / TABLE_NAME


def row_of(table: bytes, name: str) -> int:
    """Where the row of a session begins, in bytes."""
    rows = range(HEADER * WORD, len(table) - ROW * WORD, ROW * WORD)
    return next(row for row in rows if table[row : row + 64].rstrip(b"\0") == name.encode())


def live_state(table: bytes, row: int) -> int:
    """Where the live state of the row begins, in bytes."""
    return row + (STATES + (table[row + 64] - 1) * STATE) * WORD


def damaged(path: Path, offset: int, content: bytes) -> None:
    table = bytearray(path.read_bytes())
    table[offset : offset + len(content)] = content
    path.write_bytes(table)


def test_a_sound_table_is_counted_and_goes_on(tmp_path: Path) -> None:
    made(tmp_path)
    store = MmapStore.create_in(tmp_path, max_sessions=10)
    store.sweep()
    assert [store.claim(name).position for name in SESSIONS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("offset", "content", "wrong"),
    [
        (64, b"\x11", "its live state is 17"),
        (64, b"\x01\0\0\1", "its live state is 16777217"),
        (0, b"\xff", "its name is broken"),
        (0, b"b", "its name is broken"),
        (0, b"\0", "its name is broken"),
        (1, b"\0x", "its name is broken"),
    ],
)
def test_a_damaged_row_is_refused_by_number(
    tmp_path: Path, offset: int, content: bytes, wrong: str
) -> None:
    path = made(tmp_path)
    row = row_of(path.read_bytes(), "a")
    damaged(path, row + offset, content)
    number = (row - HEADER * WORD) // (ROW * WORD)
    with pytest.raises(StateLostError) as caught:
        MmapStore.create_in(tmp_path, max_sessions=10).sweep()
    assert str(caught.value).startswith(f"{path} is damaged (row {number}: {wrong}")


@pytest.mark.parametrize(
    ("offset", "content"), [(GENERATION * WORD, b"\0" * 8), (USE * WORD, b"\x07")]
)
def test_a_damaged_state_is_refused(tmp_path: Path, offset: int, content: bytes) -> None:
    path = made(tmp_path)
    table = path.read_bytes()
    damaged(path, live_state(table, row_of(table, "a")) + offset, content)
    with pytest.raises(StateLostError, match="its state is broken"):
        MmapStore.create_in(tmp_path, max_sessions=10).sweep()


def test_a_script_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    key = MmapStore.create_in(tmp_path, max_sessions=10).publish(b"a")
    for path in tmp_path.glob("script-*"):
        path.unlink()
    with pytest.raises(StateLostError, match="restore the directory from a copy"):
        MmapStore.create_in(tmp_path, max_sessions=10).script(key)


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    made(tmp_path).write_bytes(b"")
    with pytest.raises(StateLostError, match="not written by this version"):
        MmapStore.create_in(tmp_path, max_sessions=10).sweep()


@pytest.mark.parametrize("sessions", [10**9, 10**18, 10**30])
def test_a_table_beyond_the_memory_is_refused_and_nothing_is_written(
    tmp_path: Path, sessions: int
) -> None:
    with pytest.raises(StartupError, match=rf"LLMSIM_MAX_SESSIONS\) is {sessions}: .* name fewer"):
        MmapStore.create_in(tmp_path, max_sessions=sessions)
    assert list(tmp_path.iterdir()) == []
