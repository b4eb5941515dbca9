"""One connection a process: commands leave together, in order, and never twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmsim.errors import StoreError, StoreUnreachableError
from llmsim.store.redis.link import Link, Timeouts
from llmsim.store.redis.pipeline import Pipeline, _Call
from llmsim.store.redis.redis_store import RedisStore
from llmsim.store.redis.verbs import CLAIM
from tests.processes import wait_until_gone
from tests.redis_server import RedisServer
from tests.store.redis.wire import Wire
from tests.stress.forks import fork, wait_for

BASE = b"{pipeline}:"


@pytest.fixture
def wire(redis_server: RedisServer) -> Iterator[Wire]:
    with redis_server.client() as client:
        client.flushall()
        client.script_flush()
    with Wire(redis_server.port) as wire:
        yield wire


def store_at(wire: Wire, seconds: float = 20) -> RedisStore:
    return RedisStore(Link(wire.url, BASE, Timeouts(seconds, seconds)), 100, 2**20)


def pipeline_at(wire: Wire, seconds: float = 20) -> Pipeline:
    return Pipeline(Link(wire.url, BASE, Timeouts(seconds, seconds)))


def test_what_comes_while_a_batch_is_on_its_way_leaves_in_one_write(wire: Wire) -> None:
    pipeline = pipeline_at(wire)
    pipeline.call("PING")
    answers_wait, go_on = threading.Event(), threading.Event()

    def hold_up() -> bool:
        answers_wait.set()
        assert go_on.wait(20)
        return False

    wire.is_cut = hold_up
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(pipeline.call, "ECHO", "first")
        assert answers_wait.wait(20)
        wire.sent.clear()
        others = [threads.submit(pipeline.call, "ECHO", str(number)) for number in range(15)]
        while len(pipeline._waiting) < 15:
            time.sleep(0.001)
        go_on.set()
        assert first.result() == b"first"
        assert [other.result() for other in others] == [b"%d" % number for number in range(15)]
    assert len(wire.sent) == 1
    assert wire.connections == 1


def test_threads_that_all_claim_get_each_position_once(wire: Wire) -> None:
    store = store_at(wire)
    store.publish(b"a")
    with ThreadPoolExecutor(16) as threads:
        claims = list(threads.map(lambda _: store.claim("s"), range(2000)))
    assert sorted(claim.position for claim in claims) == list(range(2000))
    assert wire.connections == 1


@pytest.mark.slow
def test_greenlets_share_a_connection_too(redis_server: RedisServer) -> None:
    """In a process of its own: gevent changes it for good."""
    with redis_server.client() as client:
        before = client.info("stats")["total_connections_received"]

    def act() -> None:
        from gevent import monkey

        monkey.patch_all()
        from gevent.pool import Pool

        store = redis_server.store("greenlets")
        store.publish(b"a")
        claims = Pool(50).map(lambda _: store.claim("s"), range(2000))
        assert sorted(claim.position for claim in claims) == list(range(2000))

    assert wait_for(fork(act)) == 0
    with redis_server.client() as client:
        made = client.info("stats")["total_connections_received"] - before
    assert made == 2, "one of the store, and the one that asks this"


def test_a_fork_has_connections_of_its_own_and_leaves_the_parents_alone(wire: Wire) -> None:
    store = store_at(wire)
    store.publish(b"a")
    assert store.claim("s").position == 0
    store.wait("s", 0, 0.001)

    def act() -> None:
        assert store.claim("s").position == 1
        store.wait("s", 0, 0.001)

    child = fork(act)
    assert wait_for(child) == 0
    wait_until_gone([child])
    assert store.claim("s").position == 2
    store.wait("s", 0, 0.001)
    assert wire.connections == 4, "each has one, and one on which it waits"


def test_a_claim_whose_answer_is_lost_was_made_once_and_is_nobodys(
    wire: Wire, redis_server: RedisServer
) -> None:
    store = store_at(wire)
    store.publish(b"a")
    assert store.claim("s").position == 0
    wire.is_cut = lambda: True
    wire.sent.clear()
    with pytest.raises(StoreUnreachableError, match=r"does not answer.*No turn comes twice"):
        store.claim("s")
    wire.is_cut = lambda: False
    assert len([sent for sent in wire.sent if CLAIM.digest in sent]) == 1
    assert store.claim("s").position == 2, "1 was claimed, and nobody has it"


def test_all_that_was_on_its_way_fails_with_the_connection_and_what_follows_does_not(
    wire: Wire,
) -> None:
    store = store_at(wire)
    store.publish(b"a")
    store.claim("s")
    cuts = iter([False] * 20 + [True] + [False] * 10_000)
    wire.is_cut = lambda: next(cuts)
    got: list[int] = []
    failed: list[StoreError] = []

    def ask(_: int) -> None:
        try:
            got.append(store.claim("s").position)
        except StoreUnreachableError as error:
            failed.append(error)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(ask, range(1000)))
    assert 1 <= len(failed) <= 16
    assert len(set(got)) == len(got)
    assert max(got) - len(got) <= len(failed), "a turn is lost only with its request"


def test_a_connection_that_was_closed_while_nobody_used_it_costs_no_request(
    wire: Wire, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsim.store.redis.pipeline._IDLE", 0.0)
    store = store_at(wire)
    store.publish(b"a")
    with redis_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    time.sleep(0.05)
    assert store.claim("s").position == 0


def test_who_came_while_a_batch_failed_fails_with_it_and_waits_no_second_time(wire: Wire) -> None:
    pipeline = pipeline_at(wire)
    pipeline.call("PING")
    answers_wait, go_on = threading.Event(), threading.Event()

    def cut() -> bool:
        answers_wait.set()
        return go_on.wait(20)

    wire.is_cut = cut
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(pipeline.call, "PING")
        assert answers_wait.wait(20)
        others = [threads.submit(pipeline.call, "PING") for _ in range(15)]
        while len(pipeline._waiting) < 15:
            time.sleep(0.001)
        go_on.set()
        errors = [one.exception() for one in (first, *others)]
    assert all(isinstance(error, StoreUnreachableError) for error in errors)
    assert wire.connections == 1, "nobody tried another connection"
    wire.is_cut = lambda: False
    assert pipeline.call("PING") == b"PONG"


def test_a_silent_redis_is_given_up_and_asked_again_when_it_answers(
    redis_server: RedisServer,
) -> None:
    store = RedisStore(Link(redis_server.url, BASE, Timeouts(1, 0.3)), 100, 2**20)
    store.publish(b"a")
    redis_server.stop()
    try:
        with pytest.raises(StoreUnreachableError, match="does not answer"):
            store.claim("s")
    finally:
        redis_server.go_on()
    store = redis_server.store("pipeline")
    assert store.claim("s").generation


def test_a_program_that_redis_has_forgotten_is_sent_again(wire: Wire) -> None:
    store = store_at(wire)
    store.publish(b"a")
    store.claim("s")
    store._pipeline.call("SCRIPT", "FLUSH")
    assert store.claim("s").position == 1


def test_a_refused_command_says_so_and_the_connection_goes_on(wire: Wire) -> None:
    pipeline = pipeline_at(wire)
    pipeline.call("SET", "x", "1")
    with pytest.raises(StoreError, match="refuses: WRONGTYPE"):
        pipeline.call("LPUSH", "x", "1")
    assert pipeline.call("GET", "x") == b"1"


class EndedError(BaseException):
    """As gevent ends a greenlet: where it waits."""


def test_a_waiting_caller_that_is_ended_holds_nobody_up(wire: Wire) -> None:
    pipeline = pipeline_at(wire)

    class Ended:
        """A lock that is never had."""

        def acquire(self) -> None:
            raise EndedError

        def release(self) -> None:
            pass

    call = _Call(b"")
    call.leads, pipeline._is_led = True, True
    pipeline._waiting.append(call)
    with pytest.raises(EndedError):
        pipeline._wait(call, Ended())  # type: ignore[arg-type]
    assert pipeline.call("PING") == b"PONG"


@pytest.mark.parametrize("where", ["let_others_run", "Pipeline._receive"])
def test_a_leading_caller_that_is_ended_holds_nobody_up_and_mixes_no_answers(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    pipeline = pipeline_at(wire)
    assert pipeline.call("ECHO", "1") == b"1"

    def end(*_: object) -> None:
        raise EndedError

    with monkeypatch.context() as patch:
        patch.setattr(f"llmsim.store.redis.pipeline.{where}", end)
        with pytest.raises(EndedError):
            pipeline.call("ECHO", "2")
    assert pipeline.call("ECHO", "3") == b"3"
    assert pipeline._waiting == []
