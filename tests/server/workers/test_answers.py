"""Whatever an application answers, it leaves in the bytes that gunicorn's own worker sends."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.each import for_each
from tests.running import Server
from tests.server.workers.echo_app import WAYS
from tests.server.workers.pair import Pair, connect, facts, pair, post, statuses, talk

NOT_ENDING = {"/endless", "/facts", "/head-first", "/huge", "/number"}
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("answers")) as servers:
        yield servers


@for_each("path", sorted(set(WAYS) - NOT_ENDING))
@for_each("line", ["POST {} HTTP/1.1", "POST {} HTTP/1.0", "HEAD {} HTTP/1.1", "GET {} HTTP/1.1"])
def test_an_answer_is_gunicorns_byte_for_byte(both: Pair, path: str, line: str) -> None:
    request = line.format(path).encode() + b"\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
    if line == "POST {} HTTP/1.1":
        assert both.answers_remembered(request + GET)
    assert both.answers(request + GET)


def test_what_the_system_does_not_take_at_once_leaves_as_it_is_read(both: Pair) -> None:
    answer = both.answers_remembered(post("/huge", "Connection: keep-alive"))
    assert answer.partition(b"\r\n\r\n")[2] == bytes(range(256)) * 2**16


def test_what_goes_wrong_in_the_application_is_logged_as_by_gunicorn(both: Pair) -> None:
    both.answers_remembered(post("/raises"))
    both.answers(post("/errors"))
    fast, theirs = (server.log() for server in both.servers.values())
    for words in ("Error handling request POST /raises", "before anything", "told to wsgi.errors"):
        assert fast.count(words) == theirs.count(words) > 0


def test_a_head_whose_body_is_not_known_yet_leaves_at_once(both: Pair) -> None:
    for server in both.servers.values():
        for _ in range(3):
            with connect(server) as client:
                client.sendall(post("/head-first"))
                assert client.recv(65536).endswith(b"\r\n\r\n")
                talk(connect(server), post("/go-on"))
                assert client.recv(7, socket.MSG_WAITALL) == b"4\r\nlate"


def test_head_and_body_leave_together(both: Pair) -> None:
    """A worker that was stopped while it wrote would show the head alone, sooner or later."""
    both.answers_remembered(post("/pieces"))
    with connect(both.servers["fast"]) as client:
        for _ in range(200):
            client.sendall(post("/pieces"))
            assert client.recv(65536).endswith(b"}")


@for_each("path", ["/endless", "/large"])
def test_a_client_that_resets_in_the_middle_harms_nobody(both: Pair, path: str) -> None:
    for server in both.servers.values():
        closed = facts(server)["closed"]
        for _ in range(4):
            reset(server, post(path))
        while path == "/endless" and facts(server)["closed"] < closed + 4:
            time.sleep(0.01)
    assert statuses(both.answers(post())) == [200]


def reset(server: Server, request: bytes) -> None:
    """Send a request, read the first bytes of its answer, and reset the connection."""
    with connect(server) as client:
        client.sendall(request)
        assert client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
