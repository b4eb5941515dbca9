"""Readers that wait for entries, on connections of their own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from llmsim.store.redis.redis_store import RedisStore
from tests.redis_server import RedisServer

LONG = 60  # seconds


def waiting(redis_server: RedisServer) -> tuple[RedisStore, int]:
    with redis_server.client() as client:
        client.flushall()
    store = redis_server.store("waiting")
    store.publish(b"a")
    return store, store.claim("s").generation


def wait(store: RedisStore, ended: threading.Event) -> float:
    """Wait until told that there is a line; how long one wait took at the most."""
    longest = 0.0
    while not ended.is_set():
        began = time.monotonic()
        store.wait("s", 0, LONG)
        longest = max(longest, time.monotonic() - began)
    return longest


def test_a_wait_ends_with_the_line_and_holds_no_claim_up(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    ended = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        waited = thread.submit(wait, store, ended)
        assert [store.claim("s").position for _ in range(100)] == list(range(1, 101))
        store.append("s", generation, b"{}")
        ended.set()
        waited.result(LONG / 2)


def test_however_many_wait_there_are_few_connections(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    ended = threading.Event()
    with ThreadPoolExecutor(40) as threads, redis_server.client() as client:
        waits = [threads.submit(wait, store, ended) for _ in range(40)]
        blocked = 0
        while blocked < 8:
            blocked = max(blocked, int(client.info("clients")["blocked_clients"]))
        assert len(client.client_list()) <= 12
        store.append("s", generation, b"{}")
        ended.set()
        assert all(one.result(LONG / 2) is not None for one in waits)


def test_a_wait_outlives_its_connection(redis_server: RedisServer) -> None:
    store, generation = waiting(redis_server)
    store.wait("s", 0, 0.01)
    with redis_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    store.wait("s", 0, 0.01)
    assert store.append("s", generation, b"{}") is None, "that connection was closed too"
    assert store.append("s", generation, b"{}") is not None
    store.wait("s", 0, LONG)
