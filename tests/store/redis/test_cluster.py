"""A Redis Cluster: a simulator is on one of its nodes, wherever it is asked first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from llmsim.store.redis.link import Link, Timeouts
from llmsim.store.redis.redis_store import RedisStore
from tests.redis_server import RedisServer

CLUSTER = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
SLOTS = 16_384


@pytest.fixture
def nodes() -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two nodes, each with one half of the slots."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(
                RedisServer(
                    Path(stack.enter_context(TemporaryDirectory(prefix="redis-"))), *CLUSTER
                )
            )
            for _ in range(2)
        )
        with one.client() as first, other.client() as second:
            first.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS // 2 - 1)
            second.execute_command("CLUSTER", "ADDSLOTSRANGE", SLOTS // 2, SLOTS - 1)
            second.execute_command("CLUSTER", "SET-CONFIG-EPOCH", 2)
            first.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, other.cluster_port)
            deadline = time.monotonic() + 30
            while not all(b"cluster_state:ok" in _info(client) for client in (first, second)):
                assert time.monotonic() < deadline, "the nodes do not meet"
                time.sleep(0.02)
        yield one, other


def _info(client: object) -> bytes:
    return client.execute_command("CLUSTER", "INFO")  # type: ignore[attr-defined,no-any-return]


def store_at(node: RedisServer, prefix: str) -> RedisStore:
    base = f"{{{prefix}}}:".encode()
    return RedisStore(Link(node.url, base, Timeouts(5, 20)), 100, 2**20)


@pytest.mark.slow
def test_hosts_that_ask_different_nodes_share_a_cursor(
    nodes: tuple[RedisServer, RedisServer],
) -> None:
    for prefix in ("a", "b", "c"):  # in slots of both nodes
        one, other = (store_at(node, prefix) for node in nodes)
        one.publish(b"a")
        other.put_script("own", b"own")
        claims = [store.claim(name) for name in ("s", "own") for store in (one, other, one)]
        assert [claim.position for claim in claims] == [0, 1, 2] * 2
        assert one.append("s", claims[0].generation, b'{"n":1}') is not None
        assert other.entries("s", 0, 9, lambda _: True).entries == [b'{"n":1}']
        other.wait("s", 0, 20)
