"""One answer at its gate: what ends the wait, and that no ticket is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from llmsim.delivery import Hold
from llmsim.errors import StoreBusyError
from llmsim.script import Gate
from llmsim.store.base import Store
from llmsim.store.gates import GateKey, Waiter
from tests.conftest import MakeStore


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    made = make_store()
    made.publish(b"{}")
    return made


def hold(store: Store, gate: Gate, is_gone: Callable[[], bool] = lambda: False) -> Hold:
    claim = store.claim("s")
    return Hold(gate, Waiter("s", claim.position, "w", 0, 0), claim.generation, is_gone)


def key(store: Store, name: str = "g") -> GateKey:
    session = store.session("s")
    assert session is not None
    return GateKey(name, "s", session.generation)


def waiting(store: Store, number: int) -> list[Waiter]:
    """Who waits, once there are so many."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        gates = store.gates.all("s", key(store).generation)
        found = [who for gate in gates for who in gate.waiting.values()]
        if len(found) == number:
            return found
        time.sleep(0.002)
    raise AssertionError(f"{number} should wait, {found} do")


def start(store: Store, *holds: Hold) -> list[threading.Thread]:
    threads = [threading.Thread(target=one.wait, args=(store,), daemon=True) for one in holds]
    for thread in threads:
        thread.start()
    return threads


def test_it_waits_until_it_is_released(store: Store) -> None:
    one = hold(store, Gate("g"))
    (thread,) = start(store, one)
    (who,) = waiting(store, 1)
    assert who.until - who.since == pytest.approx(30)
    assert thread.is_alive()
    store.gates.release(key(store), None)
    thread.join(30)
    assert (one.facts["by"], one.facts["ticket"]) == ("released", 0)
    assert one.facts["held_ms"] >= 0


def test_what_was_released_before_does_not_wait(store: Store) -> None:
    one = hold(store, Gate("g"))
    store.gates.release(key(store), 1)
    one.wait(store)
    assert one.facts["by"] == "released"


def test_it_passes_after_its_longest_hold_and_gives_its_ticket_back(store: Store) -> None:
    one, other = (hold(store, Gate("g", max_hold_s=0)) for _ in range(2))
    one.wait(store)
    assert one.facts["by"] == "max_hold"
    store.gates.release(key(store), 1)
    other.wait(store)
    assert other.facts["by"] == "released"


def test_a_client_that_has_gone_uses_up_no_release(store: Store) -> None:
    is_gone = threading.Event()
    one, other = hold(store, Gate("g"), is_gone.is_set), hold(store, Gate("g"))
    (first,) = start(store, one)
    waiting(store, 1)
    (second,) = start(store, other)
    waiting(store, 2)
    is_gone.set()
    first.join(30)
    assert one.facts["by"] == "client_gone"
    store.gates.release(key(store), 1)
    second.join(30)
    assert other.facts["by"] == "released"


def test_a_reset_lets_pass_who_waits(store: Store) -> None:
    one = hold(store, Gate("g"))
    (thread,) = start(store, one)
    waiting(store, 1)
    store.reset("s")
    thread.join(30)
    assert one.facts["by"] == "reset"
    late = Hold(Gate("g"), one.who, one.generation, lambda: False)
    late.wait(store)
    assert (late.facts["by"], late.facts["ticket"]) == ("reset", None)


def test_so_many_pass_together(store: Store) -> None:
    holds = [hold(store, Gate("g", count=3)) for _ in range(3)]
    threads = start(store, *holds[:2])
    waiting(store, 2)
    threads += start(store, holds[2])
    for thread in threads:
        thread.join(30)
    assert [one.facts["by"] for one in holds] == ["released"] * 3


def test_a_gate_of_the_server_is_shared_by_all_sessions(store: Store) -> None:
    one = hold(store, Gate("g", scope="server"))
    store.gates.release(GateKey("g"), 1)
    one.wait(store)
    assert (one.facts["by"], one.facts["scope"]) == ("released", "server")


def test_without_its_store_an_answer_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise StoreBusyError(1)

    one, other = hold(store, Gate("g")), hold(store, Gate("g"))
    monkeypatch.setattr(store.gates, "may_pass", busy)
    one.wait(store)
    monkeypatch.setattr(store.gates, "enter", busy)
    other.wait(store)
    assert [one.facts["by"], other.facts["by"]] == ["store_unavailable"] * 2
