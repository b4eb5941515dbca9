"""Limits of a store: a claim takes of all of them or of none, in one step with its position."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from llmsim.errors import LimitedError, MovedError
from llmsim.store import session_counters
from llmsim.store.base import Limit, Store, Take
from llmsim.store.mmap_store import MmapStore

SECOND = 1_000_000
# A hundred, of which another one passes only after half a minute: no test takes as long.
HUNDRED = Limit(b"l" * 16, 30 * SECOND, 3000 * SECOND)
TEN = Limit(b"t" * 16, 300 * SECOND, 3000 * SECOND)


@pytest.fixture
def store(store: Store) -> Store:
    store.publish(b"{}")
    return store


def passes(store: Store, *limits: Limit, session: str = "s") -> bool:
    try:
        store.claim(session, what=Take(limits=limits))
    except LimitedError:
        return False
    return True


def test_as_many_pass_as_the_window_holds_and_the_others_take_no_position(store: Store) -> None:
    assert [passes(store, HUNDRED) for _ in range(110)] == [True] * 100 + [False] * 10
    claim = store.claim("s")
    assert (claim.position, claim.place, claim.arrival) == (100, 100, 110)


def test_of_two_limits_neither_is_used_where_one_refuses(store: Store) -> None:
    assert [passes(store, HUNDRED, TEN) for _ in range(20)] == [True] * 10 + [False] * 10
    assert [passes(store, HUNDRED) for _ in range(91)] == [True] * 90 + [False]


def test_a_claim_says_how_full_its_limits_are_and_so_does_a_refusal(store: Store) -> None:
    first, second = (store.claim("s", what=Take(limits=(TEN, HUNDRED))) for _ in range(2))
    assert first.limits == (TEN.cost, HUNDRED.cost)
    assert second.limits == pytest.approx((2 * TEN.cost, 2 * HUNDRED.cost), rel=0.05)
    while passes(store, TEN):
        pass
    with pytest.raises(LimitedError) as refused:
        store.claim("s", what=Take(limits=(TEN, HUNDRED)))
    assert refused.value.used == pytest.approx((10 * TEN.cost, 2 * HUNDRED.cost), rel=0.05)


def test_limits_belong_to_a_session_and_its_generation(store: Store) -> None:
    once = Limit(b"o" * 16, 10 * SECOND, 10 * SECOND)
    assert [passes(store, once), passes(store, once)] == [True, False]
    assert passes(store, once, session="t")
    store.reset("s")
    assert passes(store, once)


def test_what_has_moved_meanwhile_takes_nothing_of_a_limit(store: Store) -> None:
    once = Limit(b"o" * 16, 10 * SECOND, 10 * SECOND)
    store.claim("s")
    seen = store.look("s")._replace(script=1)
    with pytest.raises(MovedError):
        store.claim("s", seen, Take(limits=(once,)))
    assert passes(store, once)


def test_a_charge_may_go_beyond_the_window_and_then_nothing_passes(store: Store) -> None:
    claim = store.claim("s", what=Take(limits=(TEN,)))
    full = store.charge("s", claim.generation, TEN._replace(cost=TEN.window))
    assert full == pytest.approx(TEN.window + TEN.cost, rel=0.05)
    assert not passes(store, TEN)


def test_a_charge_of_a_generation_that_is_over_takes_nothing(store: Store) -> None:
    claim = store.claim("s", what=Take(limits=(TEN,)))
    store.reset("s")
    assert store.charge("s", claim.generation, TEN._replace(cost=TEN.window)) == 0
    assert store.charge("nobody", claim.generation, TEN) == 0
    assert passes(store, TEN)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [1_700_000_000 * SECOND]
    monkeypatch.setattr(session_counters, "time_ns", lambda: now[0] * 1000)
    return now


def test_a_limit_empties_as_time_passes(tmp_path: Path, clock: list[int]) -> None:
    store = MmapStore.create_in(tmp_path)
    store.publish(b"{}")
    while passes(store, TEN):
        pass
    clock[0] += TEN.cost - 1
    assert not passes(store, TEN)
    clock[0] += 1
    assert [passes(store, TEN), passes(store, TEN)] == [True, False]
    clock[0] += 2 * TEN.window
    assert [passes(store, TEN) for _ in range(11)] == [True] * 10 + [False]


def test_a_clock_that_is_set_back_closes_a_limit_for_an_hour_at_most(
    tmp_path: Path, clock: list[int]
) -> None:
    store = MmapStore.create_in(tmp_path)
    store.publish(b"{}")
    assert passes(store, HUNDRED)
    clock[0] -= 30 * 24 * 3600 * SECOND
    with pytest.raises(LimitedError) as refused:
        store.claim("s", what=Take(limits=(HUNDRED,)))
    assert refused.value.used == (3600 * SECOND,)


def _count(directory: Path, found: multiprocessing.SimpleQueue[int]) -> None:
    store = MmapStore(directory)
    found.put(sum(passes(store, HUNDRED) for _ in range(60)))


def test_of_a_hundred_that_are_allowed_a_hundred_pass_over_four_processes(tmp_path: Path) -> None:
    MmapStore.create_in(tmp_path).publish(b"{}")
    context = multiprocessing.get_context("fork")
    found: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    processes = [context.Process(target=_count, args=(tmp_path, found)) for _ in range(4)]
    for process in processes:
        process.start()
    passed = [found.get() for _ in processes]
    for process in processes:
        process.join()
    assert sum(passed) == 100
