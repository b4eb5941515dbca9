"""A lock that nobody lets go of, and a table that is no longer where it was."""

from __future__ import annotations

import gc
import os
import shutil
import time
from pathlib import Path

import pytest
from filelock import FileLock

from llmsim.errors import StateLostError, StoreBusyError
from llmsim.store import locked_table
from llmsim.store.mmap_store import TABLE_NAME, MmapStore
from tests.stress.forks import fork, wait_for


@pytest.fixture
def store(directory: Path) -> MmapStore:
    made = MmapStore.create_in(directory, max_sessions=10, lock_timeout=0.05)
    made.publish(b"{}")
    made.claim("a")
    return made


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def no_longer_trusted() -> None:
    time.sleep(locked_table._TRUSTED_SECONDS * 1.1)


def test_a_lock_that_is_held_for_ever_is_an_error_that_takes_nothing(
    store: MmapStore, directory: Path
) -> None:
    with FileLock(directory / TABLE_NAME):
        for act in (
            lambda: store.claim("a"),
            lambda: store.session("a"),
            lambda: store.reset("a"),
            store.published,
        ):
            with pytest.raises(StoreBusyError, match=r"held by another process for 0\.05 s"):
                act()
    assert store.claim("a").position == 1


def test_a_lock_that_is_let_go_of_in_time_is_waited_for(directory: Path) -> None:
    store = MmapStore.create_in(directory, max_sessions=10, lock_timeout=60)
    store.publish(b"{}")
    lock = FileLock(directory / TABLE_NAME)
    lock.acquire()

    def claim() -> None:
        MmapStore(directory).claim("a")

    waiting = fork(claim)
    time.sleep(0.1)
    lock.release()
    assert wait_for(waiting) == 0
    assert store.claim("a").position == 1


def test_a_table_that_was_removed_is_an_error_in_a_process_that_has_it_open(
    store: MmapStore, directory: Path
) -> None:
    shutil.rmtree(directory)
    no_longer_trusted()
    with pytest.raises(StateLostError, match=r"was removed or replaced .*No such file"):
        store.claim("a")


def test_and_in_a_process_that_opens_it_only_then(store: MmapStore, directory: Path) -> None:
    (directory / "cursors").unlink()
    store._table.detach()
    with pytest.raises(StateLostError, match=r"was removed or replaced .*restart the server"):
        store.claim("a")


def test_a_table_that_comes_back_is_used_again(store: MmapStore, directory: Path) -> None:
    directory.rename(directory.with_name("away"))
    no_longer_trusted()
    with pytest.raises(StateLostError):
        store.claim("a")
    directory.with_name("away").rename(directory)
    assert store.claim("a").position == 1


def test_a_copy_in_its_place_is_not_counted_on_in_by_any_process(
    store: MmapStore, directory: Path
) -> None:
    shutil.copytree(directory, directory.with_name("copy"))
    shutil.rmtree(directory)
    directory.with_name("copy").rename(directory)
    no_longer_trusted()

    def refuse() -> None:
        with pytest.raises(StateLostError, match="another file stands there"):
            store.claim("a")

    refuse()
    assert wait_for(fork(refuse)) == 0, "a child, which opens the table anew, counts on in it"


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_table_that_cannot_be_used_is_not_left_open(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TABLE_NAME).write_bytes(content)
    store = MmapStore(tmp_path)
    gc.collect()  # what other tests have left open may be closed at any time
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        with pytest.raises(StateLostError):
            store.claim("a")
    assert len(os.listdir("/dev/fd")) <= before
