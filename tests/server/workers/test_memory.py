"""What a worker remembers of heads is bounded."""

from __future__ import annotations

import gc
import socket
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from gunicorn import http
from gunicorn.config import Config
from gunicorn.http import wsgi

from llmsim.server.workers import heads as heads_module
from llmsim.server.workers.heads import MOST_BYTES, MOST_HEADS, Heads, created, parser_of
from tests.each import for_each
from tests.server.workers.pair import WORKERS, connect, facts, post, served, statuses, talk

SERVER = ("127.0.0.1", 80)
PEER = ("127.0.0.1", 9)
KINDS = {
    "few headers": [],
    "as an SDK": [f"X-Stainless-{number}: value of it {number}" for number in range(15)],
    "many headers": [f"X-{number}: {number}" for number in range(90)],
    "a long header": ["Authorization: Bearer " + "a" * 6000],
}


def serve(heads: Heads, cfg: Config, request: bytes) -> None:
    """Read a request and make what the application is given."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(request)
        read = next(parser_of(http.get_parser, heads, cfg, here, PEER))
        created(partial(wsgi.create), heads, read, here, PEER, SERVER, cfg)


@for_each("lines", KINDS)
def test_a_head_takes_no_more_than_is_counted_for_it(lines: list[str]) -> None:
    heads, cfg, count = Heads(), Config(), 50
    requests = [post(f"/{number}", *lines) for number in range(count + 5)]
    for request in [*requests[count:], *requests]:
        serve(heads, cfg, request)  # each once; those that come a second time warm up
    before = heads.bytes
    gc.collect()
    tracemalloc.start()
    try:
        for request in requests[:count]:
            serve(heads, cfg, request)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(heads) == count + 5
    assert (heads.bytes - before) / 2 < taken < heads.bytes - before


def test_where_there_is_no_room_for_one_more_all_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads, cfg = Heads(), Config()
    monkeypatch.setattr(heads_module, "MOST_HEADS", 3)
    for number in range(5):
        serve(heads, cfg, post(f"/{number}"))
        serve(heads, cfg, post(f"/{number}"))
        assert len(heads) == number % 3 + 1
    heads = Heads()
    monkeypatch.setattr(heads_module, "MOST_BYTES", 20_000)
    for number in range(9):
        for _ in range(2):
            serve(heads, cfg, post(f"/long{number}", "X: " + "a" * 2000))
        assert heads.bytes <= 20_000
        assert len(heads) == number % 2 + 1


def test_heads_that_come_once_take_no_room() -> None:
    heads, cfg = Heads(), Config()
    for number in range(100):
        serve(heads, cfg, post(f"/{number}"))
    assert (len(heads), heads.bytes) == (0, 0)


def test_more_heads_than_fit_stay_within_the_bound_and_all_are_answered(tmp_path: Path) -> None:
    """The first come again in the end, when they are forgotten."""
    asked = 2 * MOST_HEADS + 100
    with served(tmp_path, WORKERS["fast"]) as server:
        before = facts(server)["resident"]
        for first in [*range(0, asked, 100), 0]:
            hundred = [post("/unread", f"X-Number: {n}") for n in range(first, first + 100)]
            answer = talk(connect(server), b"".join(hundred * 3))
            assert statuses(answer) == [200] * 300
        found = facts(server)
    assert found["again"] > asked * 0.9  # the rest was read in two pieces
    assert found["resident"] - before < MOST_BYTES * 1.5
