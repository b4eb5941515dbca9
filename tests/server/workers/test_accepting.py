"""How many connections a gevent worker takes at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gevent.server import StreamServer

from llmsim.server.workers.gevent_worker import GeventWorker


@pytest.mark.parametrize(
    ("workers", "served", "accepted"),
    [(2, 0, 1), (2, 300, 301), (1, 0, StreamServer.max_accept), (1, 300, StreamServer.max_accept)],
)
def test_a_busy_worker_takes_many_and_an_idle_one_leaves_some_to_the_others(
    workers: int, served: int, accepted: int
) -> None:
    worker: Any = SimpleNamespace(cfg=SimpleNamespace(workers=workers))
    servers: list[Any] = [SimpleNamespace(max_accept=StreamServer.max_accept) for _ in range(2)]
    GeventWorker._accept_for(worker, servers, served)
    assert [server.max_accept for server in servers] == [accepted] * 2
