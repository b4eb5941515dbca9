"""One store and many processes: claims are exact between them, with killed ones among them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from llmsim.store.base import DEFAULT_SESSION
from llmsim.store.mmap_store import MmapStore
from llmsim.store.script_files import ScriptFiles
from tests.stress.forks import Notes, at_work, fork, kill, wait_for
from tests.stress.proofs import (
    assert_each_once,
    assert_generations_never_return,
    assert_in_order,
    assert_none_twice,
    lost,
)

PROCESSES, THREADS, EACH = 4, 4, 1_000
KILLS = 25


def published(directory: Path) -> MmapStore:
    store = MmapStore.create_in(directory, max_sessions=10)
    store.publish(b"{}")
    return store


@pytest.fixture
def state(tmp_path: Path) -> Path:
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.mark.parametrize("opened", ["before_the_fork", "after_the_fork"])
def test_processes_and_threads_share_one_order(state: Path, notes: Notes, opened: str) -> None:
    before = published(state)

    def work() -> None:
        store = before if opened == "before_the_fork" else MmapStore(state)
        notes.claim_in_threads(store, THREADS, EACH)

    assert [wait_for(pid) for pid in [fork(work) for _ in range(PROCESSES)]] == [0] * PROCESSES
    taken = [noted.taken for noted in notes]
    assert_each_once(taken, PROCESSES * THREADS * EACH)
    assert_in_order(taken)


def test_a_process_that_is_killed_in_mid_claim_loses_one_position_at_most(
    state: Path, notes: Notes
) -> None:
    store = published(state)
    with at_work(*[lambda go_on: notes.claim(store, go_on)] * 2):
        for _ in range(KILLS):
            victim = fork(lambda: notes.claim(store, lambda: True))
            time.sleep(random.uniform(0, 0.005))
            kill(victim)
    taken = [noted.taken for noted in notes]
    assert_none_twice(taken)
    assert lost(taken) <= KILLS
    assert_in_order(taken)
    found = store.session(DEFAULT_SESSION)
    assert found is not None
    assert found.position >= max(one.position for one in taken) + 1


def wait_for_another_than(value: int | None, read: Callable[[], int | None]) -> None:
    """A fork of a large process takes its time, and more where others want the processor."""
    deadline = time.monotonic() + 60
    while read() == value:
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def publish_and_claim(store: MmapStore, notes: Notes) -> None:
    for number in range(1_000_000):
        store.publish(b"%d" % number)
        left = iter([True] * 5)
        notes.claim(store, partial(next, left, False))


def test_a_process_that_is_killed_while_it_rewinds_leaves_a_whole_row(
    state: Path, notes: Notes
) -> None:
    store = published(state)
    with at_work(lambda go_on: notes.claim(store, go_on)):
        for _ in range(KILLS):
            before = store.published()
            victim = fork(lambda: publish_and_claim(store, notes))
            wait_for_another_than(before, store.published)
            time.sleep(random.uniform(0, 0.005))
            kill(victim)
            claim = store.claim(DEFAULT_SESSION)
            assert claim.script == store.published()
            assert store.script(claim.script)
    noted = list(notes)
    scripts = {(one.taken.generation, one.script) for one in noted}
    assert len(scripts) == len({generation for generation, _ in scripts}) > KILLS / 2, (
        "a generation belongs to one script"
    )
    assert_none_twice(one.taken for one in noted)
    assert_in_order(one.taken for one in noted)
    assert_generations_never_return([one.taken for one in noted])


def test_a_publish_that_another_one_overtakes_leaves_the_script_that_plays_readable(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process publishes while this one's script is written and not yet in the table."""
    published(state)
    store, write = MmapStore(state), ScriptFiles.write

    def write_and_be_overtaken(files: ScriptFiles, script: bytes) -> int:
        key = write(files, script)
        monkeypatch.undo()
        for _ in range(3):
            assert wait_for(fork(lambda: MmapStore(state).publish(b"other"))) == 0
        return key

    monkeypatch.setattr(ScriptFiles, "write", write_and_be_overtaken)
    store.publish(b"mine")
    assert store.script(store.claim(DEFAULT_SESSION).script) == b"mine"


def test_a_publish_that_is_killed_leaves_no_file_behind_after_the_next_start(state: Path) -> None:
    store = published(state)

    def work() -> None:
        for _ in range(1_000_000):
            store.publish(b"x" * 10_000_000)

    for _ in range(10):
        victim = fork(work)
        time.sleep(random.uniform(0.005, 0.03))
        kill(victim)
    MmapStore.create_in(state, max_sessions=10).sweep()
    left = sorted(path.name for path in state.iterdir() if path.name != "cursors")
    assert len(left) <= 2, f"of the scripts before, the last one is kept: {left}"
