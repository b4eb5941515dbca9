"""How many connections a gevent worker takes at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gevent.server import StreamServer
from gunicorn.workers import ggevent

from llmsim.server.workers.gevent_worker import GeventWorker


@pytest.mark.parametrize(
    ("workers", "connections", "accepted"),
    [(2, 0, 1), (2, 500, 501), (1, 0, StreamServer.max_accept), (1, 500, 100)],
)
def test_a_worker_with_many_connections_takes_many_and_one_with_few_leaves_some_to_the_others(
    workers: int, connections: int, accepted: int
) -> None:
    servers: list[Any] = [SimpleNamespace(max_accept=StreamServer.max_accept) for _ in range(2)]
    worker: Any = SimpleNamespace(
        cfg=SimpleNamespace(workers=workers), _connections=range(connections), _servers=servers
    )
    GeventWorker._accept_more(worker)
    assert [server.max_accept for server in servers] == [accepted] * 2


class _Running(GeventWorker):
    """A worker that stops at the third look."""

    def __init__(self) -> None:
        self.sockets: list[Any] = []
        self.alive = True
        self.looks = 0

    def notify(self) -> None:
        """It lives."""

    def _accept_more(self) -> None:
        self.looks += 1
        self.alive = self.looks < 3

    def _ended(self, servers: Any) -> bool:
        return True


def test_a_worker_looks_again_and_again_how_many_connections_it_has() -> None:
    worker = _Running()
    worker.run()
    assert worker.looks == 3


def test_as_soon_as_a_connection_ends_fewer_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ggevent.GeventWorker, "handle", lambda *_: None)
    worker: Any = GeventWorker.__new__(GeventWorker)
    worker.cfg = SimpleNamespace(workers=2)
    worker._connections, worker._servers = {"another"}, [SimpleNamespace(max_accept=300)]
    worker.handle(None, "one", None)
    assert worker._servers[0].max_accept == 2
