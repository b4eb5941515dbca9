"""What killed processes leave: room that they took, scripts of nobody. It is made up for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmsim.errors import StateLostError, StoreFullError
from llmsim.store.mmap_store import MmapStore
from llmsim.store.name_index import NameIndex
from tests.stress.forks import fork, wait_for

BLOCK = 64 * 1024  # bytes of the journals' room that a process takes at a time


def in_a_child(work: Callable[[], object]) -> None:
    """Do `work` in a process that then dies, as by a kill."""
    assert wait_for(fork(work)) == 0


def test_a_sweep_keeps_the_scripts_that_play_and_no_others(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path, max_sessions=10)
    default, own = store.publish(b"default"), store.put_script("a", b"own").script
    (tmp_path / "script-00000000000000ab.json").write_bytes(b"of nobody")
    (tmp_path / "script-00000000000000ac.json.7.part").write_bytes(b"half writ")
    store.sweep()
    assert [store.script(key) for key in (default, own)] == [b"default", b"own"]
    with pytest.raises(StateLostError):
        store.script(0xAB)
    assert len(list(tmp_path.glob("script-*"))) == 2
    assert store.script(store.claim("another").script) == b"default"


def test_a_sweep_gives_back_the_room_of_a_session_that_was_never_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MmapStore.create_in(tmp_path, max_sessions=2)
    store.publish(b"a")
    store.claim("kept")
    with monkeypatch.context() as patch:
        patch.setattr(NameIndex, "write", lambda *_: os._exit(0))
        in_a_child(lambda: MmapStore(tmp_path).claim("never finished"))
    with pytest.raises(StoreFullError):
        store.claim("another")
    store.sweep()
    assert store.claim("another").position == 0
    assert store.claim("kept").position == 1
    with pytest.raises(StoreFullError):
        store.claim("a third")


def dying_writers(store: MmapStore, directory: Path) -> None:
    """The journals' room for two blocks is taken by processes that write little and die."""
    store.create("a")
    for _ in range(2):
        in_a_child(lambda: append(MmapStore(directory, 2 * BLOCK), b"{}"))
    assert len(store.entries("a", 0, 10, lambda _: True).entries) == 2


def append(store: MmapStore, entry: bytes) -> bool:
    """Write a line into the journal of `a`, into all the room that there is; whether it had any."""
    found = store.session("a")
    assert found is not None
    return store.append("a", found.generation, entry, spare=True) is not None


def test_a_sweep_gives_back_the_journals_room_that_dead_processes_took(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path, 10, 2 * BLOCK)
    dying_writers(store, tmp_path)
    store.sweep()
    assert append(store, b'{"n":2}')
    assert store.dropped() == 0


def test_a_server_that_goes_on_finds_that_room_again_too(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path, 10, 2 * BLOCK)
    dying_writers(store, tmp_path)
    kept = [append(store, b'{"n":2}') for _ in range(3)]
    assert kept == [False, True, True]
    assert store.dropped() == 1


def test_a_journal_larger_than_what_is_counted_can_be_deleted(tmp_path: Path) -> None:
    """A process writes into room that it took before another one counted the files anew."""
    store = MmapStore.create_in(tmp_path, 10, 2 * BLOCK)
    store.claim("a")
    append(store, b'{"n":0}')
    MmapStore(tmp_path, 2 * BLOCK).sweep()
    append(store, b'{"n":1,"pad":"%b"}' % (b"x" * 10_000))
    assert store.delete("a")
    others = MmapStore(tmp_path, 2 * BLOCK)
    others.create("a")
    assert append(others, b'{"pad":"%b"}' % (b"x" * 2 * (BLOCK - 100)))
