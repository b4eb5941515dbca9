"""A process keeps the scripts that play at hand, within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmsim import Assistant, Script
from llmsim.playback import Playback, playback
from llmsim.playback.checking import Checked
from llmsim.playback.stored import LineOutline, Outline
from llmsim.playback.taken import ALONE
from llmsim.store.base import Blob
from llmsim.store.mmap_store import MmapStore


class CountingStore(MmapStore):
    """Counts how often a script is read from its file."""

    reads = 0

    def script(self, key: int) -> Blob:
        self.reads += 1
        return super().script(key)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    MmapStore.create_in(tmp_path, max_sessions=50)
    return CountingStore(tmp_path)


def test_a_script_is_read_once_by_a_process(store: CountingStore) -> None:
    key = store.publish(Script([Assistant("Hi")]).canonical())
    played = Playback(store)
    assert [played.script(key) for _ in range(3)] == [Script([Assistant("Hi")])] * 3
    assert store.reads == 1


def test_the_oldest_scripts_are_let_go_of_beyond_the_bound(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "_CACHED_SCRIPT_BYTES", 2_000)
    played = Playback(store)
    checked = Checked.of(Script([Assistant("x" * 500)]))
    keys = [played.put_script(f"s{n}", checked).script for n in range(10)]
    for key in keys[-2:]:
        played.script(key)
    assert store.reads == 0
    played.script(keys[0])
    assert store.reads == 1


def test_the_only_script_is_kept_whatever_its_size(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "_CACHED_SCRIPT_BYTES", 10)
    key = store.publish(Script([Assistant("x" * 500)]).canonical())
    played = Playback(store)
    played.script(key)
    played.script(key)
    assert store.reads == 1


def test_the_published_script_is_kept_beside_them(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "_CACHED_SCRIPT_BYTES", 10)
    played = Playback(store)
    played.publish(Script([Assistant("default")]))
    for n in range(3):
        played.put_script(f"s{n}", Checked.of(Script([Assistant("x" * 500)])))
    reads = store.reads
    assert played.script(store.published() or 0) == Script([Assistant("default")])
    assert store.reads == reads


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_the_outline_of_a_script_is_the_same_read_or_not(store: CountingStore, order: str) -> None:
    script = Script([Assistant("a"), Assistant("b")], order=order)
    key = store.publish(script.canonical())
    expected = Outline((LineOutline(ALONE, 2, order == "history"),))
    assert Playback(store).outline(key) == expected
    played = Playback(store)
    played.script(key)
    assert played.outline(key) == expected
