"""A process keeps the scripts that play at hand, within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmsim import Assistant, Script
from llmsim.playback import Playback, scripts
from llmsim.playback.checking import Checked
from llmsim.playback.line import ALONE
from llmsim.playback.order import Order
from llmsim.playback.stored import LineOutline, Outline
from llmsim.store.base import Blob
from llmsim.store.mmap_store import MmapStore


class CountingStore(MmapStore):
    """Counts how often a script is read from its file."""

    reads = 0

    def script(self, key: int) -> Blob:
        self.reads += 1
        return super().script(key)


def script_of(played: Playback, key: int) -> Script:
    """The script of that key, at hand or read."""
    found = played.scripts.chooser(key)
    assert isinstance(found, Order)
    return found.script


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    MmapStore.create_in(tmp_path, max_sessions=50)
    return CountingStore(tmp_path)


def test_a_script_is_read_once_by_a_process(store: CountingStore) -> None:
    key = store.publish(Script([Assistant("Hi")]).canonical())
    played = Playback(store)
    assert [script_of(played, key) for _ in range(3)] == [Script([Assistant("Hi")])] * 3
    assert store.reads == 1


def test_the_oldest_scripts_are_let_go_of_beyond_the_bound(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "_CACHED_SCRIPT_BYTES", 2_000)
    played = Playback(store)
    checked = Checked.of(Script([Assistant("x" * 500)]))
    keys = [played.put_script(f"s{n}", checked).script for n in range(10)]
    for key in keys[-2:]:
        script_of(played, key)
    assert store.reads == 0
    script_of(played, keys[0])
    assert store.reads == 1


def test_the_only_script_is_kept_whatever_its_size(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "_CACHED_SCRIPT_BYTES", 10)
    key = store.publish(Script([Assistant("x" * 500)]).canonical())
    played = Playback(store)
    script_of(played, key)
    script_of(played, key)
    assert store.reads == 1


def test_the_published_script_is_kept_beside_them(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "_CACHED_SCRIPT_BYTES", 10)
    played = Playback(store)
    played.publish(Script([Assistant("default")]))
    for n in range(3):
        played.put_script(f"s{n}", Checked.of(Script([Assistant("x" * 500)])))
    reads = store.reads
    assert script_of(played, store.published() or 0) == Script([Assistant("default")])
    assert store.reads == reads


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_the_outline_of_a_script_is_the_same_read_or_not(store: CountingStore, order: str) -> None:
    script = Script([Assistant("a"), Assistant("b")], order=order)
    key = store.publish(script.canonical())
    expected = Outline((LineOutline(ALONE, 2, order == "history"),))
    assert Playback(store).scripts.outline(key) == expected
    played = Playback(store)
    script_of(played, key)
    assert played.scripts.outline(key) == expected
