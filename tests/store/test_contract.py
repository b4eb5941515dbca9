"""What every store engine promises. A new engine joins by one line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmsim.errors import StateLostError
from llmsim.store.base import DEFAULT_SESSION, Store
from llmsim.store.mmap_store import MmapStore

ENGINES: dict[str, Callable[[Path], Store]] = {"mmap": MmapStore.create}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return ENGINES[request.param](tmp_path)


def test_claims_count_from_0_within_one_generation(store: Store) -> None:
    store.publish(b"a")
    claims = [store.claim(DEFAULT_SESSION) for _ in range(1000)]
    assert [claim.position for claim in claims] == list(range(1000))
    assert [claim.arrival for claim in claims] == list(range(1000))
    assert len({claim.generation for claim in claims}) == 1
    assert claims[0].generation != 0


def test_a_claim_belongs_to_the_script_that_is_published(store: Store) -> None:
    key = store.publish(b"a script")
    claim = store.claim(DEFAULT_SESSION)
    assert claim.script == key == store.published()
    assert store.script(claim.script) == b"a script"


def test_publishing_rewinds_into_a_new_generation(store: Store) -> None:
    store.publish(b"a")
    before = [store.claim(DEFAULT_SESSION) for _ in range(3)][-1]
    key = store.publish(b"b")
    after = store.claim(DEFAULT_SESSION)
    assert (after.position, after.arrival, after.script) == (0, 0, key)
    assert after.generation != before.generation


def test_the_script_before_stays_readable_for_requests_in_flight(store: Store) -> None:
    first = store.publish(b"a")
    store.publish(b"b")
    assert store.script(first) == b"a"


def test_older_scripts_are_forgotten(store: Store) -> None:
    first = store.publish(b"a")
    store.publish(b"b")
    store.publish(b"c")
    with pytest.raises(StateLostError):
        store.script(first)


def test_the_position_can_be_read_without_taking_it(store: Store) -> None:
    store.publish(b"a")
    assert store.position(DEFAULT_SESSION) == 0
    store.claim(DEFAULT_SESSION)
    assert [store.position(DEFAULT_SESSION) for _ in range(3)] == [1, 1, 1]
    store.publish(b"b")
    assert store.position(DEFAULT_SESSION) == 0


def test_nothing_is_published_at_first(store: Store) -> None:
    assert store.published() is None


def test_a_store_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    first = MmapStore.create(tmp_path)
    first.publish(b"a")
    claim = first.claim(DEFAULT_SESSION)
    again = MmapStore.create(tmp_path)
    assert again.claim(DEFAULT_SESSION) == claim._replace(position=1, arrival=1)
    assert again.published() == claim.script


def test_a_store_whose_files_are_gone_says_so_and_does_not_start_anew(tmp_path: Path) -> None:
    with pytest.raises(StateLostError, match=str(tmp_path)):
        MmapStore(tmp_path).claim(DEFAULT_SESSION)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short", b"LLMSIM\0\1" + b"\0" * 100])
def test_a_table_of_another_make_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cursors").write_bytes(content)
    with pytest.raises(StateLostError):
        MmapStore.create(tmp_path)
    assert (tmp_path / "cursors").read_bytes() == content


def test_the_table_is_allocated_and_not_sparse(tmp_path: Path) -> None:
    MmapStore.create(tmp_path)
    status = (tmp_path / "cursors").stat()
    assert status.st_blocks * 512 >= status.st_size
