"""Readers that wait for entries, on connections of their own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest

from llmsim.errors import StoreUnreachableError
from llmsim.store.redis.redis_store import RedisStore
from tests.redis_server import RedisServer

LONG = 60  # seconds


def waiting(redis_server: RedisServer) -> tuple[RedisStore, int]:
    with redis_server.client() as client:
        client.flushall()
    store = redis_server.store("waiting")
    store.publish(b"a")
    return store, store.claim("s").generation


class Waits:
    """Many that wait at once, until they are told that there is a line; also where a test fails."""

    def __init__(self, store: RedisStore, how_many: int) -> None:
        self._store, self._how_many = store, how_many
        self._threads = ThreadPoolExecutor(how_many)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._all = [self._threads.submit(self._wait) for _ in range(self._how_many)]
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._threads.shutdown()

    def end(self) -> None:
        """There is a line: every wait ends, and none has waited long."""
        self._ended.set()
        for one in self._all:
            one.result(LONG / 2)

    def _wait(self) -> None:
        while not self._ended.is_set():
            self._store.wait("s", 0, LONG)


def test_a_wait_ends_with_the_line_and_holds_no_claim_up(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    with Waits(store, 1) as waits:
        assert [store.claim("s").position for _ in range(100)] == list(range(1, 101))
        store.append("s", generation, b"{}")
        waits.end()


def test_however_many_wait_there_are_few_connections(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    with redis_server.client() as client:
        before = len(client.client_list())  # with those that other tests have left open
        with Waits(store, 40) as waits:
            deadline = time.monotonic() + LONG
            while client.info("clients")["blocked_clients"] < 8:
                assert time.monotonic() < deadline
            assert len(client.client_list()) <= before + 8
            store.append("s", generation, b"{}")
            waits.end()


def test_a_wait_outlives_its_connection(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    store.wait("s", 0, 0.01)
    with redis_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    store.wait("s", 0, 0.01)
    with pytest.raises(StoreUnreachableError):  # that connection was closed, too
        store.append("s", generation, b"{}")
    assert store.append("s", generation, b"{}") is not None
    store.wait("s", 0, LONG)
