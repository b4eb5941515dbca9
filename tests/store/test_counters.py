"""What a store counts beside positions: places of tracks, tries, and counters that are kept."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import pytest

from llmsim.errors import MovedError, StoreFullError, TracksFullError
from llmsim.store import counters
from llmsim.store.base import MAIN, Seen, Store, Take
from llmsim.store.mmap_store import MmapStore

A, B = b"a" * 16, b"b" * 16


@pytest.fixture
def store(store: Store) -> Store:
    store.publish(b"{}")
    return store


def digest(number: int) -> bytes:
    return blake2b(b"%d" % number, digest_size=16).digest()


def places(store: Store, session: str, *keys: bytes | None) -> list[int]:
    return [store.claim(session, what=Take(place=key)).place for key in keys]


def tries(store: Store, session: str, *keys: bytes | None) -> list[int]:
    return [store.claim(session, what=Take(tries=key)).tries for key in keys]


def test_each_track_has_its_own_place_and_all_share_the_position(store: Store) -> None:
    assert places(store, "s", MAIN, A, A, MAIN, B, A) == [0, 0, 1, 1, 0, 2]
    assert store.claim("s").position == 6


def test_a_claim_without_a_place_leaves_all_places_as_they_are(store: Store) -> None:
    assert places(store, "s", MAIN, None, None, MAIN) == [0, 0, 0, 1]
    assert store.claim("s").position == 4


def test_tries_count_by_key(store: Store) -> None:
    assert tries(store, "s", A, A, B, None, A) == [0, 1, 0, 0, 2]


@pytest.mark.parametrize("rewind", ["reset", "put_script", "delete", "publish"])
def test_a_new_generation_begins_all_counters_anew(store: Store, rewind: str) -> None:
    places(store, "s", A, A)
    tries(store, "s", B, B)
    store.add("s", b"c" * 16, 5)
    arguments = {"put_script": ("s", b"own"), "publish": (b"new",)}.get(rewind, ("s",))
    getattr(store, rewind)(*arguments)
    assert places(store, "s", A) == [0]
    assert tries(store, "s", B) == [0]
    assert store.counts("s", [b"c" * 16]) == [0]


def test_counters_belong_to_one_session(store: Store) -> None:
    assert places(store, "s", A, A) == [0, 1]
    assert places(store, "t", A) == [0]
    assert tries(store, "s", B) == tries(store, "t", B) == [0]


def test_kept_counters_add_up_and_are_read_together(store: Store) -> None:
    store.create("s")
    assert store.add("s", A, 3)
    assert store.add("s", A, 4)
    assert store.add("s", B, 1)
    assert store.counts("s", [A, b"c" * 16, B]) == [7, 0, 1]
    assert not store.add("nobody", A, 1)
    assert store.counts("nobody", [A]) == [0]


def test_a_claim_adds_to_the_counter_of_what_it_serves(store: Store) -> None:
    for key in (A, A, B):
        store.claim("s", what=Take(place=None, served=[key]))
    store.claim("t", what=Take(served=[A]))
    assert store.counts("s", [A, B]) == [2, 1]
    store.reset("s")
    store.claim("s")
    assert store.counts("s", [A, B]) == [0, 0]
    assert store.counts("t", [A]) == [1]


def test_what_is_served_hangs_on_the_number_of_the_try(store: Store) -> None:
    for _ in range(4):
        store.claim("s", what=Take(tries=A, served=[A, B]))
    assert store.counts("s", [A, B]) == [1, 3], "the last one stands for all beyond"
    for _ in range(5):
        store.claim("t", what=Take(tries=A, served=[A, B], in_turn=True))
    assert store.counts("t", [A, B]) == [3, 2], "they come again"


def test_where_a_counter_finds_no_room_the_claim_goes_on_and_it_is_said(store: Store) -> None:
    without = digest(fill(store))
    assert store.uncounted() == 0
    before = store.claim("s").position
    assert store.claim("s", what=Take(served=[without])).position == before + 1
    assert store.uncounted() == 1
    assert not store.add("s", without, 1)
    assert store.uncounted() == 2
    assert store.counts("s", [without]) == [0]


def fill(store: Store) -> int:
    """Take the room for counters, until that with the number that is given back finds none."""
    store.claim("s")
    taken = 0
    while has_room(store, digest(taken)):
        taken += 1
    return taken


def has_room(store: Store, key: bytes) -> bool:
    """Claim a place of that key in the session; false where there is no room for it."""
    try:
        store.claim("s", what=Take(place=key))
    except TracksFullError:
        return False
    return True


def test_a_new_track_beyond_the_room_is_refused_and_takes_nothing(store: Store) -> None:
    taken = fill(store)
    assert 200 <= taken <= 400
    with pytest.raises(TracksFullError, match="LLMSIM_MAX_SESSIONS"):
        store.claim("s", what=Take(place=digest(taken)))
    assert store.claim("s").position == taken + 1
    assert places(store, "s", digest(0)) == [1]


def test_the_room_of_a_generation_that_is_over_is_free_again(store: Store) -> None:
    keys = [digest(number) for number in range(200)]
    for _ in range(10):
        assert places(store, "s", *keys) == [0] * 200
        store.reset("s")


def test_of_the_tries_in_a_file_the_longest_unused_are_forgotten(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path, max_sessions=100)
    store.publish(b"{}")
    first = b"\0" * 8
    same_set = [first + b"%08d" % number for number in range(counters._SET + 1)]
    tries(store, "s", *same_set[:-1])
    assert tries(store, "s", same_set[0]) == [1], "it was used last"
    tries(store, "s", same_set[-1])
    assert tries(store, "s", same_set[0]) == [2]
    assert tries(store, "s", same_set[1]) == [0], "it was the longest unused"


def test_a_session_is_seen_as_its_next_claim_meets_it(store: Store) -> None:
    default = store.published()
    assert default is not None
    assert store.look("s") == Seen(0, default, default)
    claim = store.claim("s")
    assert store.look("s") == Seen(claim.generation, default, default)
    own = store.put_script("s", b"own")
    assert store.look("s") == Seen(own.generation, own.script, default)
    assert store.session("other") is None


@pytest.mark.parametrize("change", ["claim", "reset", "put_script", "delete", "publish"])
def test_a_claim_for_what_was_seen_takes_nothing_once_that_has_changed(
    store: Store, change: str
) -> None:
    if change != "claim":
        store.claim("s")
    seen = store.look("s")
    arguments = {"put_script": ("s", b"own"), "publish": (b"new",)}.get(change, ("s",))
    getattr(store, change)(*arguments)
    before = store.session("s")
    with pytest.raises(MovedError):
        store.claim("s", seen, Take(place=A, tries=B))
    assert store.session("s") == before
    assert store.claim("s", store.look("s")).place == (1 if change == "claim" else 0)


def test_a_session_that_is_seen_as_it_is_can_be_claimed_again_and_again(store: Store) -> None:
    assert [store.claim("s", store.look("s")).position for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_new_default_script_is_a_change_for_sessions_with_their_own_too(store: Store) -> None:
    """What was decided may hang on all that is published."""
    store.put_script("s", b"own")
    seen = store.look("s")
    store.publish(b"new")
    with pytest.raises(MovedError):
        store.claim("s", seen)
    assert store.claim("s", store.look("s")).position == 0


def test_a_request_that_arrives_is_counted_and_its_claim_counts_no_other(store: Store) -> None:
    first = store.arrive("s")
    assert (first.number, store.arrive("s").number) == (0, 1)
    claim = store.claim("s", first.seen, Take(arrival=first.number))
    assert (claim.position, claim.arrival) == (0, 0)
    assert claim.generation == first.seen.generation
    assert (store.arrive("s").number, store.claim("s").arrival) == (2, 3)


def test_an_arrival_begins_a_generation_as_a_claim_does(store: Store) -> None:
    before = store.claim("s")
    key = store.publish(b"new")
    arrival = store.arrive("s", store.look("s"))
    assert (arrival.number, arrival.seen.script) == (0, key)
    assert arrival.seen == store.look("s")
    assert arrival.seen.generation not in (0, before.generation)


def test_an_arrival_at_what_is_no_longer_so_counts_nothing(store: Store) -> None:
    store.claim("s")
    seen = store.look("s")
    store.reset("s")
    with pytest.raises(MovedError):
        store.arrive("s", seen)
    assert store.arrive("s").number == 0


def test_an_arrival_of_a_new_session_without_room_is_refused(store: Store) -> None:
    for number in range(100):
        store.create(f"s{number}")
    with pytest.raises(StoreFullError):
        store.arrive("another")


def test_the_place_of_the_scripts_own_turns_is_told_beside_those_of_tracks(store: Store) -> None:
    store.publish(b"first")
    store.claim("s")
    store.claim("s", what=Take(place=digest(1)))
    store.claim("s")
    assert store.counts("s", [MAIN, digest(1), digest(2)]) == [2, 1, 0]
    assert store.counts("nobody", [MAIN, digest(1)]) == [0, 0]
    store.publish(b"second")  # from here on the session's next claim begins anew
    assert store.counts("s", [MAIN, digest(1)]) == [0, 0]
