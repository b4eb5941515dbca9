"""What another worker does to a session between two steps of this one.

In the order that hurts most; and what a session leaves behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmsim.conversation import Request
from llmsim.playback import Playback
from llmsim.playback.checking import Checked
from llmsim.script import Script
from llmsim.store.base import Claim
from llmsim.store.journal_files import JournalFiles
from llmsim.store.mmap_store import MmapStore
from tests.stress.forks import fork, wait_for
from tests.stress.named_scripts import named

ENTRY = b'{"generation":"0"}'


def script(name: str) -> Checked:
    return Checked.of(Script.from_spec({"turns": named(name, 1)}, name))


@pytest.fixture
def store(tmp_path: Path) -> MmapStore:
    store = MmapStore.create_in(tmp_path, max_sessions=10)
    Playback(store).publish(script("default").script)
    return store


def elsewhere(directory: Path, act: Callable[[Playback], object]) -> None:
    """Do `act` in another process, and wait for it."""
    assert wait_for(fork(lambda: act(Playback(MmapStore(directory))))) == 0


@pytest.mark.parametrize(
    ("overtaking", "played"),
    [
        (lambda other: [other.put_script("s", script(name)) for name in "ab"], "b 0"),
        (lambda other: [other.put_script("s", script("a")), other.store.reset("s")], "a 0"),
        (lambda other: other.store.delete("s"), "default 0"),
        (lambda other: [other.store.delete("s"), other.put_script("s", script("a"))], "a 0"),
    ],
    ids=["two swaps", "a swap and a reset", "a deletion", "a deletion and a new script"],
)
def test_a_request_that_is_overtaken_before_its_claim_is_decided_again(
    tmp_path: Path,
    store: MmapStore,
    monkeypatch: pytest.MonkeyPatch,
    overtaking: Callable[[Playback], object],
    played: str,
) -> None:
    elsewhere(tmp_path, lambda other: other.put_script("s", script("own")))
    claim = MmapStore.claim

    def be_overtaken_and_claim(store: MmapStore, session: str, *decided: Any) -> Claim:
        monkeypatch.undo()
        elsewhere(tmp_path, overtaking)
        return claim(store, session, *decided)

    monkeypatch.setattr(MmapStore, "claim", be_overtaken_and_claim)
    taken = Playback(store).take(Request(session="s"))
    found = store.session("s")
    assert found is not None
    assert (taken.claim.position, taken.claim.generation) == (0, found.generation)
    assert f"'{played}'" in repr(taken.outcome)


def test_a_request_that_comes_in_the_middle_of_a_deletion_keeps_its_entry(
    tmp_path: Path, store: MmapStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create("s")
    requests: list[int] = []
    delete = JournalFiles.delete

    def be_overtaken_and_delete(journals: JournalFiles, session: str) -> int:
        monkeypatch.undo()
        requests.append(fork(lambda: claim_and_append(MmapStore(tmp_path))))
        time.sleep(0.2)
        return delete(journals, session)

    monkeypatch.setattr(JournalFiles, "delete", be_overtaken_and_delete)
    store.delete("s")
    assert [wait_for(pid) for pid in requests] == [0]
    found = store.session("s")
    assert found is not None
    assert found.position == 1
    assert list(store.entries("s", 0, 10, lambda _: True).entries) == [ENTRY]


def claim_and_append(store: MmapStore) -> None:
    """What a request does."""
    store.append("s", store.claim("s").generation, ENTRY)


def test_a_session_that_is_given_scripts_and_rewound_leaves_none_behind(
    tmp_path: Path, store: MmapStore
) -> None:
    for number in range(20):
        store.put_script("s", b"%d" % number)
        store.reset("s")
    left = len(list(tmp_path.glob("script-*.json")))
    assert left < 10, (
        "the default script, the session's own and a few that requests in flight may ask for"
    )
