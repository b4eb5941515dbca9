"""How many connections a gevent worker takes at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gevent
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


class _Running(GeventWorker):
    """A worker that serves seven requests between two looks, and stops at the third."""

    def __init__(self) -> None:
        self.sockets: list[Any] = []
        self.alive = True
        self.nr = 0
        self.looks: list[int] = []

    def notify(self) -> None:
        gevent.spawn(self._serve)

    def _serve(self) -> None:
        self.nr += 7

    def _accept_for(self, servers: Any, served: int) -> None:
        self.looks.append(served)
        self.alive = len(self.looks) < 3

    def _ended(self, servers: Any) -> bool:
        return True


def test_a_worker_looks_again_and_again_how_many_it_has_served() -> None:
    worker = _Running()
    worker.run()
    assert worker.looks == [7, 7, 7]
