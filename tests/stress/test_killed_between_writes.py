"""A process that dies before any one of the writes into the table, at every write in turn."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from llmsim.store.base import DEFAULT_SESSION, Take
from llmsim.store.mmap_store import MmapStore
from tests.stress.deadly import arm, die_at
from tests.stress.forks import fork, wait_for


def claim(store: MmapStore) -> Any:
    return store.claim(DEFAULT_SESSION)


@pytest.fixture
def store(tmp_path: Path) -> MmapStore:
    store = MmapStore.create_in(tmp_path, max_sessions=10)
    store.publish(b"{}")
    return store


@pytest.mark.parametrize("claims_before", [0, 1, 5])
def test_a_rewind_that_dies_at_any_write_has_happened_wholly_or_not_at_all(
    tmp_path: Path, store: MmapStore, claims_before: int
) -> None:
    generations = {claim(store).generation for _ in range(claims_before)}
    deadly = 0
    while True:
        script = store.publish(b"[%d]" % deadly) if claims_before else store.published()
        died = die_at(tmp_path, deadly, claim)
        first, second = claim(store), claim(store)
        assert first.script == second.script == script
        assert first.generation == second.generation
        assert first.generation not in generations
        if not died:
            break
        # The claim's own last write is that of the place: before it, the position is taken.
        assert second.position == first.position + 1
        assert first.position in (0, 1) or not claims_before
        generations.add(first.generation)
        deadly += 1
        if not claims_before:
            store = fresh(tmp_path)
    assert deadly >= 8, "a rewind and a claim are at least eight writes"


def fresh(directory: Path) -> MmapStore:
    """An empty table in the place of the one in `directory`."""
    (directory / "cursors").unlink()
    store = MmapStore.create_in(directory, max_sessions=10)
    store.publish(b"{}")
    return store


def test_a_claim_that_dies_at_any_write_takes_no_position_or_one_that_never_comes_again(
    tmp_path: Path, store: MmapStore
) -> None:
    generation, deadly = claim(store).generation, 0
    while True:
        found = store.session(DEFAULT_SESSION)
        assert found is not None
        before = found.position
        died = die_at(tmp_path, deadly, claim)
        after = claim(store)
        assert after.generation == generation
        assert before <= after.position <= before + 1
        assert after.place == after.position, "each position plays the turn of that number"
        if not died:
            break
        deadly += 1
    assert deadly >= 2
    assert after.position == before + 1


def test_a_claim_of_a_place_and_a_try_that_dies_at_any_write_repeats_neither(
    tmp_path: Path, store: MmapStore
) -> None:
    """Each round begins with counters that are new, so that making them is among the writes."""
    deadly = 0
    while True:
        what = Take(place=b"%016d" % deadly, tries=b"t%015d" % deadly)
        claim_both = partial(MmapStore.claim, session=DEFAULT_SESSION, what=what)
        died = die_at(tmp_path, deadly, claim_both)
        after = [store.claim(DEFAULT_SESSION, what=what) for _ in range(2)]
        assert [claim.place for claim in after] in ([0, 1], [1, 2])
        assert [claim.tries for claim in after] in ([0, 1], [1, 2])
        assert after[1].position == after[0].position + 1
        if not died:
            break
        deadly += 1
    assert (after[0].place, after[0].tries) == (1, 1)
    assert deadly >= 12, "two new counters, a position, a place and a try"


def test_a_place_that_is_taken_over_by_a_claim_that_dies_hides_none_behind_it(
    tmp_path: Path, store: MmapStore
) -> None:
    """Both places are looked for from one slot on, and the one that is over lies first."""
    generations = [store.put_script(name, b"{}").generation for name in ("over", "stays")]
    start = (generations[0] ^ generations[1]).to_bytes(8, sys.byteorder)
    behind = Take(place=bytes(8) + b"__behind")
    store.claim("over", what=Take(place=start + b"____over"))
    store.claim("stays", what=behind)
    store.delete("over")
    deadly = 0
    while True:
        new = Take(place=bytes(8) + b"%08d" % deadly)
        died = die_at(tmp_path, deadly, partial(MmapStore.claim, session="stays", what=new))
        deadly += 1
        assert store.claim("stays", what=behind).place == deadly
        if not died:
            break
    assert deadly >= 7, "a slot that is taken over, and a position"


def test_a_publish_that_dies_leaves_the_script_before_or_the_new_one(
    tmp_path: Path, store: MmapStore
) -> None:
    generation = claim(store).generation
    assert die_at(tmp_path, 0, lambda other: other.publish(b"new"))
    after = claim(store)
    assert (after.generation, after.position) == (generation, 1)
    assert store.script(after.script) == b"{}"


def test_a_parent_that_is_killed_under_the_lock_does_not_hold_its_children_up(
    tmp_path: Path,
) -> None:
    """As gunicorn's master, which publishes on SIGHUP.

    Its workers inherit whatever it has open.
    """
    read, write = os.pipe()

    def child(store: MmapStore) -> None:
        os.close(write)
        os.read(read, 1)  # until the parent is dead
        claim(store)

    def parent() -> None:
        store = MmapStore.create_in(tmp_path, max_sessions=10)
        store.publish(b"{}")
        (tmp_path / "child").write_text(str(fork(lambda: child(store))))
        arm(store, 0)
        store.publish(b"new")

    assert wait_for(fork(parent)) == -signal.SIGKILL
    os.close(write)
    os.close(read)
    heir = int((tmp_path / "child").read_text())
    try:
        # Whoever comes anew is held up too.
        assert wait_for(fork(lambda: claim(MmapStore(tmp_path)))) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(heir, signal.SIGKILL)
