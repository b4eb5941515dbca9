"""Gates of a store: tickets, and who may pass with them, on every engine."""

from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmsim.errors import StateLostError
from llmsim.store.base import Store
from llmsim.store.gates import OPEN, GateKey, Waiter
from llmsim.store.mmap_store import MmapStore


@pytest.fixture
def store(store: Store) -> Store:
    store.publish(b"{}")
    return store


@pytest.fixture(params=["session", "server"])
def gate(request: pytest.FixtureRequest, store: Store) -> GateKey:
    """A gate of a session, and one of all sessions."""
    generation = store.claim("s").generation
    return GateKey("g", "s", generation) if request.param == "session" else GateKey("g")


def waiter(position: int = 0, seconds: float = 30) -> Waiter:
    now = time.time()
    return Waiter("s", position, "host:1", now, now + seconds)


def enter(store: Store, gate: GateKey, number: int = 1, count: int | None = None) -> list[int]:
    tickets = [store.gates.enter(gate, waiter(position), count) for position in range(number)]
    return [ticket for ticket in tickets if ticket is not None]


def passing(store: Store, gate: GateKey, tickets: list[int]) -> list[bool | None]:
    return [store.gates.may_pass(gate, ticket) for ticket in tickets]


def test_tickets_count_from_0_and_wait_until_so_many_are_released(
    store: Store, gate: GateKey
) -> None:
    tickets = enter(store, gate, 4)
    assert tickets == [0, 1, 2, 3]
    assert passing(store, gate, tickets) == [False] * 4
    store.gates.release(gate, 1)
    assert passing(store, gate, tickets) == [True, False, False, False]
    store.gates.release(gate, 2)
    assert passing(store, gate, tickets) == [True, True, True, False]


def test_what_is_released_before_anybody_waits_is_for_who_comes(
    store: Store, gate: GateKey
) -> None:
    store.gates.release(gate, 2)
    assert passing(store, gate, enter(store, gate, 3)) == [True, True, False]


def test_what_is_released_beyond_those_who_wait_is_for_who_comes(
    store: Store, gate: GateKey
) -> None:
    tickets = enter(store, gate, 1)
    store.gates.release(gate, 3)
    assert passing(store, gate, tickets + enter(store, gate, 3)) == [True, True, True, False]


def test_an_open_gate_lets_everybody_pass(store: Store, gate: GateKey) -> None:
    tickets = enter(store, gate, 2)
    state = store.gates.release(gate, None)
    assert state is not None
    assert (state.released, state.waiting) == (OPEN, {})
    store.gates.release(gate, 1)
    assert passing(store, gate, tickets + enter(store, gate, 2)) == [True] * 4


def test_as_soon_as_so_many_wait_they_pass_together_and_then_the_next_so_many(
    store: Store, gate: GateKey
) -> None:
    tickets = enter(store, gate, 2, count=3)
    assert passing(store, gate, tickets) == [False, False]
    tickets += enter(store, gate, 1, count=3)
    assert passing(store, gate, tickets) == [True] * 3
    tickets += enter(store, gate, 2, count=3)
    assert passing(store, gate, tickets[3:]) == [False, False]
    assert passing(store, gate, tickets[3:] + enter(store, gate, 1, count=3)) == [True] * 3


def test_who_has_gone_gives_the_ticket_back(store: Store, gate: GateKey) -> None:
    first, second, third = enter(store, gate, 3)
    store.gates.leave(gate, first)
    store.gates.release(gate, 1)
    assert passing(store, gate, [second, third]) == [True, False]
    store.gates.leave(gate, second)  # it might have passed, and has not
    assert passing(store, gate, [third]) == [True]


def test_who_has_gone_does_not_count_for_those_who_pass_together(
    store: Store, gate: GateKey
) -> None:
    first, second = enter(store, gate, 2, count=3)
    store.gates.leave(gate, first)
    third, fourth = enter(store, gate, 2, count=3)
    assert passing(store, gate, [second, third, fourth]) == [True] * 3


def test_who_was_killed_counts_no_longer_than_it_would_have_waited(
    store: Store, gate: GateKey
) -> None:
    store.gates.enter(gate, waiter(seconds=-5), 2)
    (second,) = enter(store, gate, 1, count=2)
    assert passing(store, gate, [second]) == [False]
    assert passing(store, gate, [second, *enter(store, gate, 1, count=2)]) == [True, True]


def test_a_gate_says_who_waits(store: Store, gate: GateKey) -> None:
    enter(store, gate, 3)
    store.gates.release(gate, 1)
    (state,) = store.gates.all(gate.session, gate.generation)
    assert (state.name, state.tickets, state.released) == ("g", 3, 1)
    assert {ticket: who.position for ticket, who in state.waiting.items()} == {1: 1, 2: 2}
    who = state.waiting[1]
    assert (who.session, who.worker) == ("s", "host:1")
    assert who.until - who.since == pytest.approx(30)


def test_gates_are_told_apart_by_name_and_by_whose_they_are(store: Store) -> None:
    generation = store.claim("s").generation
    gates = [GateKey("a", "s", generation), GateKey("b", "s", generation), GateKey("a")]
    for gate in gates:
        enter(store, gate)
    store.gates.release(gates[0], 1)
    assert [store.gates.may_pass(gate, 0) for gate in gates] == [True, False, False]
    assert [state.name for state in store.gates.all("s", generation)] == ["a", "b"]
    assert [state.name for state in store.gates.all("", 0)] == ["a"]


@pytest.mark.parametrize("rewind", ["reset", "put_script", "delete"])
def test_a_new_generation_ends_its_gates(store: Store, rewind: str) -> None:
    gate = GateKey("g", "s", store.claim("s").generation)
    enter(store, gate)
    store.gates.release(gate, None)
    getattr(store, rewind)(*{"put_script": ("s", b"own")}.get(rewind, ("s",)))
    assert store.gates.may_pass(gate, 0) is None
    assert store.gates.enter(gate, waiter(), None) is None
    assert store.gates.release(gate, 1) is None
    store.gates.leave(gate, 0)
    after = gate._replace(generation=store.claim("s").generation)
    assert store.gates.all("s", after.generation) == []
    assert passing(store, after, enter(store, after)) == [False]


def test_a_gate_that_is_closed_begins_anew(store: Store, gate: GateKey) -> None:
    store.gates.release(gate, None)
    assert store.gates.close(gate)
    assert not store.gates.close(gate)
    assert store.gates.may_pass(gate, 0) is None
    assert passing(store, gate, enter(store, gate)) == [False]


def test_with_a_session_the_files_of_its_gates_go(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path)
    store.publish(b"{}")
    before = sorted(tmp_path.iterdir())
    enter(store, GateKey("g", "s", store.claim("s").generation))
    assert sorted(tmp_path.iterdir()) != before
    store.delete("s")
    assert sorted(tmp_path.iterdir()) == before


def test_a_change_that_cannot_be_written_has_not_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MmapStore.create_in(tmp_path)
    store.publish(b"{}")
    gate = GateKey("g")
    enter(store, gate, 2)
    before = store.gates.all("", 0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        for change in (
            lambda: store.gates.release(gate, 1),
            lambda: store.gates.enter(gate, waiter(), None),
        ):
            with pytest.raises(StateLostError, match="No space left"):
                change()
    assert store.gates.all("", 0) == before
    assert enter(store, gate) == [2]


def test_threads_that_come_together_get_each_a_ticket(store: Store, gate: GateKey) -> None:
    with ThreadPoolExecutor(8) as pool:
        tickets = list(
            pool.map(lambda number: store.gates.enter(gate, waiter(number), None), range(80))
        )
    assert sorted(ticket for ticket in tickets if ticket is not None) == [*range(80)]
    (state,) = store.gates.all(gate.session, gate.generation)
    assert {ticket: state.waiting[ticket].position for ticket in state.waiting} == {
        ticket: number for number, ticket in enumerate(tickets)
    }


def test_what_one_process_releases_another_sees(tmp_path: Path) -> None:
    one, other = MmapStore.create_in(tmp_path), MmapStore(tmp_path)
    one.publish(b"{}")
    gate = GateKey("g", "s", one.claim("s").generation)
    (ticket,) = enter(one, gate)
    assert other.gates.may_pass(gate, ticket) is False
    one.gates.release(gate, 1)
    assert other.gates.may_pass(gate, ticket) is True
