"""A stop waits for answers, and for nothing else."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import psutil
import pytest

from tests.running import PATIENCE, Server, by_flag, text, write_script

pytestmark = pytest.mark.slow  # servers are started and stopped

WORKER_CLASSES = ("fast", "gevent", "gthread", "sync")
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
POST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
EXPECTING = POST.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Far less than keepalive and graceful_timeout below, and more than any machine needs to stop.
SOON = 20


@contextmanager
def serving(tmp_path: Path, worker_class: str, script: Path | None = None) -> Iterator[Server]:
    patient = {"LLMSIM_KEEPALIVE": "60", "LLMSIM_GRACEFUL_TIMEOUT": "60"}
    with Server(tmp_path, script, *by_flag(worker_class), "-w", "1", **patient) as server:
        yield server


def connect(server: Server) -> socket.socket:
    """A connection that a worker has accepted."""
    host, port = server.origin.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    (worker,) = server.worker_pids()
    while connection.getsockname() not in {
        place.raddr for place in psutil.Process(worker).net_connections("tcp")
    }:
        time.sleep(0.01)
    return connection


def ask(connection: socket.socket) -> None:
    """A request and its answer, after which the connection is kept."""
    connection.sendall(REQUEST)
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.read()
    assert answer.headers["Connection"] == "keep-alive"


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_a_connection_that_asks_nothing_does_not_hold_a_stop_up(
    tmp_path: Path, worker_class: str
) -> None:
    with serving(tmp_path, worker_class) as server, connect(server) as silent:
        if worker_class == "gthread":
            time.sleep(6)  # after 5 a thread no longer waits for it, and it is set aside
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SOON) == 0
        assert silent.recv(1) == b""
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("worker_class", ["fast", "gevent", "gthread"])
def test_kept_connections_do_not_hold_a_stop_up(tmp_path: Path, worker_class: str) -> None:
    with serving(tmp_path, worker_class) as server, ExitStack() as clients:
        kept = [clients.enter_context(connect(server)) for _ in range(3)]
        for connection in kept:
            ask(connection)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SOON) == 0
        assert [connection.recv(1) for connection in kept] == [b""] * 3
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_an_answer_that_is_on_its_way_ends(tmp_path: Path, worker_class: str) -> None:
    words = "word " * 4_000_000
    script = write_script(tmp_path / "s.json", text(words))
    with serving(tmp_path, worker_class, script) as server, connect(server) as reader:
        reader.sendall(POST)
        begun = reader.recv(10)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("Handling signal: term")
        time.sleep(1)  # beyond the time after which idle connections are ended
        answer = begun + rest_of(reader)
        assert answer.count(b"word ") == 4_000_000
        assert server.process.wait(SOON) == 0


@pytest.mark.parametrize("worker_class", ["fast", "gevent", "gthread"])
def test_a_request_that_came_before_the_stop_is_answered(tmp_path: Path, worker_class: str) -> None:
    with serving(tmp_path, worker_class) as server, connect(server) as kept:
        ask(kept)
        (worker,) = server.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        kept.sendall(POST)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("Handling signal: term")
        os.kill(worker, signal.SIGCONT)
        answer = rest_of(kept)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in answer
        assert server.process.wait(SOON) == 0


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_a_body_that_is_on_its_way_is_answered(tmp_path: Path, worker_class: str) -> None:
    with serving(tmp_path, worker_class) as server, connect(server) as slow:
        slow.sendall(EXPECTING[:-10])
        assert slow.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE  # the head was read
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("Handling signal: term")
        time.sleep(1)
        slow.sendall(POST[-10:])
        assert rest_of(slow).startswith(b"HTTP/1.1 200")
        assert server.process.wait(SOON) == 0


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_a_reload_ends_the_old_workers_idle_connections_too(
    tmp_path: Path, worker_class: str
) -> None:
    with serving(tmp_path, worker_class) as server, connect(server) as silent:
        server.reload()
        silent.settimeout(SOON)
        assert silent.recv(1) == b""
        with connect_to_new(server) as another:
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(SOON) == 0
            assert another.recv(1) == b""


def connect_to_new(server: Server) -> socket.socket:
    """As `connect`, once the old worker is gone."""
    while len(server.worker_pids()) != 1:
        time.sleep(0.01)
    return connect(server)
