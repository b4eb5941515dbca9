"""What every store engine promises. A new engine joins by one line in `engines.py`."""

from __future__ import annotations

import errno
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmsim.errors import MovedError, StateLostError, StoreFullError
from llmsim.store.base import BEGINS, DEFAULT_SESSION, Page, Session, Store
from llmsim.store.mmap_store import MAX_SESSIONS, MmapStore
from llmsim.store.table_layout import table_size
from tests.narrowing import present


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


def test_a_script_that_was_replaced_is_forgotten(store: Store) -> None:
    first = store.publish(b"a")
    store.publish(b"b")
    with pytest.raises(StateLostError):
        store.script(first)


def test_a_session_can_be_read_without_taking_a_position(store: Store) -> None:
    key = store.publish(b"a")
    assert store.session(DEFAULT_SESSION) is None
    claim = store.claim(DEFAULT_SESSION)
    expected = Session(DEFAULT_SESSION, 1, claim.generation, key, follows=True)
    assert [store.session(DEFAULT_SESSION) for _ in range(3)] == [expected] * 3
    store.publish(b"b")
    found = store.session(DEFAULT_SESSION)
    assert found is not None
    assert (found.position, found.script) == (0, store.published())


def test_sessions_count_each_for_itself(store: Store) -> None:
    store.publish(b"a")
    claims = [store.claim(name) for _ in range(3) for name in ("a", "b", "A")]
    assert [claim.position for claim in claims] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len({claim.generation for claim in claims}) == 3


def test_a_session_can_be_made_once(store: Store) -> None:
    key = store.publish(b"a")
    made = store.create("a")
    assert made is not None
    assert (made.name, made.position, made.script, made.follows) == ("a", 0, key, True)
    assert store.create("a") is None
    assert store.claim("a").generation == made.generation


def test_a_script_of_its_own_starts_a_generation_and_outlives_the_default(store: Store) -> None:
    store.publish(b"default")
    before = store.claim("a")
    own = store.put_script("a", b"own")
    assert (own.position, own.follows) == (0, False)
    claim = store.claim("a")
    assert (claim.position, store.script(claim.script)) == (0, b"own")
    assert claim.generation == own.generation != before.generation
    store.publish(b"another default")
    assert store.claim("a") == claim._replace(position=1, arrival=1, place=1)
    assert store.script(store.claim("b").script) == b"another default"


def test_of_a_sessions_own_scripts_the_one_that_plays_is_kept(store: Store) -> None:
    store.publish(b"default")
    keys = [store.put_script("a", content).script for content in (b"1", b"2", b"3")]
    store.reset("a")
    assert store.script(keys[2]) == b"3"
    for key in keys[:2]:
        with pytest.raises(StateLostError):
            store.script(key)


def test_a_reset_rewinds_into_a_new_generation_of_the_same_script(store: Store) -> None:
    store.publish(b"default")
    store.put_script("own", b"own")
    for name in ("own", "following"):
        before = [store.claim(name) for _ in range(3)][-1]
        rewound = store.reset(name)
        assert rewound is not None
        assert (rewound.position, rewound.script) == (0, before.script)
        assert rewound.generation != before.generation
        assert store.claim(name) == before._replace(
            position=0, arrival=0, place=0, generation=rewound.generation
        )
    assert store.reset("none") is None


def test_a_deleted_session_is_forgotten_with_its_script(store: Store) -> None:
    store.publish(b"default")
    key = store.put_script("a", b"own").script
    assert store.delete("a")
    assert not store.delete("a")
    assert store.session("a") is None
    with pytest.raises(StateLostError):
        store.script(key)
    claim = store.claim("a")
    assert (claim.position, store.script(claim.script)) == (0, b"default")


def test_a_full_store_says_so_and_has_room_again_after_a_deletion(store: Store) -> None:
    key = store.publish(b"a")
    for number in range(100):
        store.claim(f"s{number}")
    for take in (store.claim, store.create, lambda name: store.put_script(name, b"own")):
        with pytest.raises(StoreFullError, match=r"There are 100 sessions.*LLMSIM_MAX_SESSIONS"):
            take("another")
    assert store.claim("s7").position == 1
    store.delete("s50")
    assert store.claim("another")[0:4:3] == (0, key)
    with pytest.raises(StoreFullError):
        store.claim("s50")


def test_sessions_are_found_again_whatever_comes_and_goes(store: Store) -> None:
    """Against a plain dictionary, with names that are made and deleted in a random order."""
    store.publish(b"a")
    chance, model = random.Random(1), dict[str, int]()
    for _ in range(5000):
        name = f"s{chance.randrange(150)}"
        if name in model and chance.random() < 0.4:
            assert store.delete(name)
            del model[name]
        elif name in model or len(model) < 100:
            assert store.claim(name).position == model.get(name, 0)
            model[name] = model.get(name, 0) + 1
    listed, following = store.sessions(0, 1000)
    assert {session.name: session.position for session in listed} == model
    assert following is None
    assert store.session_count() == len(model)


def test_sessions_are_listed_page_by_page(store: Store) -> None:
    store.publish(b"a")
    names = {f"s{number}" for number in range(25)}
    for name in names:
        store.claim(name)
    pages: list[list[str]] = []
    mark: int | None = 0
    while mark is not None:
        page, mark = store.sessions(mark, 10)
        pages.append([session.name for session in page])
    assert [len(page) for page in pages] in ([10, 10, 5], [10, 10, 5, 0])
    assert {name for page in pages for name in page} == names


def any_line(_: bytes) -> bool:
    return True


def begun(store: Store, *sessions: str) -> int:
    """Make the sessions; the generation of the first."""
    store.publish(b"a")
    first, *_ = [store.claim(session).generation for session in sessions]
    return first


def lines(store: Store) -> list[bytes]:
    """The journal of the session `a`."""
    return list(store.entries("a", 0, 100, any_line).entries)


def test_entries_are_read_in_order_and_by_pages(store: Store) -> None:
    generation = begun(store, "a", "b")
    written = [b'{"n":%d}' % number for number in range(25)]
    for entry in written:
        assert store.append("a", generation, entry) is not None
    store.append("b", generation, b'{"other":1}')
    first = store.entries("a", 0, 10, any_line)
    second = store.entries("a", first.mark, 10, any_line)
    third = store.entries("a", second.mark, 10, any_line)
    assert [*first.entries, *second.entries, *third.entries] == written
    assert store.entries("a", third.mark, 10, any_line) == Page([], third.mark)
    store.append("a", generation, b'{"n":25}')
    assert store.entries("a", third.mark, 10, any_line).entries == [b'{"n":25}']
    assert store.entries("none", 0, 10, any_line).entries == []


def test_a_page_holds_only_lines_that_its_reader_wants(store: Store) -> None:
    generation = begun(store, "a")
    for number in range(25):
        store.append("a", generation, b'{"n":%d}' % number)
    page = store.entries("a", 0, 3, lambda line: line.endswith(b"4}"))
    assert page.entries == [b'{"n":4}', b'{"n":14}', b'{"n":24}']


def test_who_waits_for_a_line_goes_on_when_it_is_there(store: Store) -> None:
    generation = begun(store, "a")
    store.append("a", generation, b'{"n":0}')
    mark = store.entries("a", 0, 1, any_line).mark
    began = time.monotonic()
    store.wait("a", mark, 0.2)
    assert lines(store) == [b'{"n":0}']
    with ThreadPoolExecutor(1) as thread:
        written = thread.submit(wait_for_a_line, store, mark)
        store.append("a", generation, b'{"n":1}')
        assert written.result() == [b'{"n":1}']
    assert time.monotonic() - began < 30


def wait_for_a_line(store: Store, mark: int) -> list[bytes]:
    while not (found := store.entries("a", mark, 1, any_line).entries):
        store.wait("a", mark, 60)
    return list(found)


def test_publishing_again_what_is_published_changes_nothing(store: Store) -> None:
    key = store.publish(b"a")
    claim = store.claim(DEFAULT_SESSION)
    assert store.publish(b"a") == key
    assert store.claim(DEFAULT_SESSION) == claim._replace(position=1, arrival=1, place=1)


def test_the_end_of_an_entry_can_be_amended(store: Store) -> None:
    generation = begun(store, "a")
    store.append("a", generation, b'{"n":0,"end":1}')
    receipt = store.append("a", generation, b'{"n":1,"end":1}')
    store.append("a", generation, b'{"n":2,"end":1}')
    store.amend(receipt, b'"end":2}')
    assert lines(store) == [b'{"n":0,"end":1}', b'{"n":1,"end":2}', b'{"n":2,"end":1}']


@pytest.mark.parametrize("clear", ["reset", "delete"])
def test_a_rewind_clears_the_journal_and_amends_nothing_after_it(store: Store, clear: str) -> None:
    generation = begun(store, "a")
    receipt = store.append("a", generation, b'{"n":0,"end":1}')
    getattr(store, clear)("a")
    assert lines(store) == []
    store.append("a", store.claim("a").generation, b'{"n":1,"end":1}')
    store.amend(receipt, b'"end":2}')
    assert lines(store) == [b'{"n":1,"end":1}']


def test_a_journal_goes_on_over_a_new_script_and_says_where(store: Store) -> None:
    before = begun(store, "a")
    receipt = store.append("a", before, b'{"n":0,"end":1}')
    after = store.put_script("a", b"own").generation
    store.amend(receipt, b'"end":2}')
    store.append("a", after, b'{"n":1}')
    assert lines(store) == [b'{"n":0,"end":2}', BEGINS % after, b'{"n":1}']


def test_what_comes_late_into_a_journal_that_was_cleared_comes_after_its_beginning(
    store: Store,
) -> None:
    before = begun(store, "a")
    store.append("a", before, b'{"n":0}')
    after = store.reset("a")
    assert after is not None
    store.append("a", before, b'{"n":1}')
    assert lines(store) == [BEGINS % after.generation, b'{"n":1}']


def test_a_session_that_is_not_there_has_no_journal(store: Store, tmp_path: Path) -> None:
    generation = begun(store, "a")
    store.delete("a")
    for session in ("a", "never"):
        assert store.append(session, generation, b'{"n":0}') is None
    assert lines(store) == []
    assert store.dropped() == 0
    assert list(tmp_path.glob("journal-*")) == []


def test_nothing_is_published_at_first(store: Store) -> None:
    assert store.published() is None


def test_a_store_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    first = MmapStore.create_in(tmp_path)
    first.publish(b"a")
    claim = first.claim(DEFAULT_SESSION)
    again = MmapStore.create_in(tmp_path)
    assert again.claim(DEFAULT_SESSION) == claim._replace(position=1, arrival=1, place=1)
    assert again.published() == claim.script


def test_a_store_whose_files_are_gone_says_so_and_does_not_start_anew(tmp_path: Path) -> None:
    with pytest.raises(StateLostError, match=str(tmp_path)):
        MmapStore(tmp_path).claim(DEFAULT_SESSION)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short", b"LLMSIM\0\3" + b"\0" * 100])
def test_a_table_of_another_make_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cursors").write_bytes(content)
    with pytest.raises(StateLostError):
        MmapStore.create_in(tmp_path)
    assert (tmp_path / "cursors").read_bytes() == content


def test_a_table_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    for name in ("real", "linked"):
        (tmp_path / name).mkdir(mode=0o700)
    MmapStore.create_in(tmp_path / "real").publish(b"a")
    (tmp_path / "linked" / "cursors").symlink_to(tmp_path / "real" / "cursors")
    with pytest.raises(StateLostError, match="symbolic links"):
        MmapStore(tmp_path / "linked").claim(DEFAULT_SESSION)
    assert MmapStore(tmp_path / "real").session(DEFAULT_SESSION) is None


@pytest.mark.parametrize("sessions", [99, 101])
def test_a_table_for_another_number_of_sessions_is_refused_and_the_setting_named(
    tmp_path: Path, sessions: int
) -> None:
    first = MmapStore.create_in(tmp_path, max_sessions=100)
    first.publish(b"a")
    with pytest.raises(StateLostError, match=f"100 sessions.*store.max_sessions says {sessions}"):
        MmapStore.create_in(tmp_path, max_sessions=sessions)
    assert MmapStore.create_in(tmp_path, max_sessions=100).published() == first.published()


@pytest.mark.parametrize("call", ["is there", "is missing", "is refused"])
def test_the_table_is_allocated_and_not_sparse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    if call == "is missing":
        monkeypatch.delattr(os, "posix_fallocate")
    elif call == "is refused":
        monkeypatch.setattr(os, "posix_fallocate", refused)
    MmapStore.create_in(tmp_path)
    status = (tmp_path / "cursors").stat()
    assert status.st_size == table_size(MAX_SESSIONS)
    assert status.st_blocks * 512 >= status.st_size


def test_a_default_script_may_change_without_rewinding_anybody(store: Store) -> None:
    store.publish(b"first")
    before = store.claim("s")
    own = store.put_script("o", b"own")
    seen = store.look("s")
    key = store.publish(b"second", rewinds=False)
    assert store.published() == key
    with pytest.raises(MovedError):
        store.claim("s", seen)
    fresh = store.look("s", fresh=True)
    assert (fresh.generation, fresh.script, fresh.published) == (before.generation, key, key)
    after = store.claim("s", fresh)
    assert (after.position, after.generation, after.script) == (1, before.generation, key)
    assert present(store.session("s")).position == 2
    assert store.look("o", fresh=True)[:2] == (own.generation, own.script)
    store.publish(b"third")
    assert store.claim("s").position == 0


def test_a_default_script_takes_the_place_of_the_one_that_is_named_or_of_none(
    store: Store,
) -> None:
    first = store.publish(b"first")
    second = store.publish(b"second", instead_of=first)
    with pytest.raises(MovedError):
        store.publish(b"third", instead_of=first)
    assert store.published() == second
    assert store.publish(b"third", instead_of=second, rewinds=False) == store.published()


def test_a_script_that_names_another_is_kept_once_for_many_sessions(store: Store) -> None:
    store.publish(b"default")
    keys = {store.put_script(f"s{number}", b'{"use":"a"}').script for number in range(5)}
    assert len(keys) == 1
    store.delete("s0")
    store.put_script("s1", b"own")
    assert store.script(keys.pop())[:] == b'{"use":"a"}'
    assert store.claim("s2").position == 0
