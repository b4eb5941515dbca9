"""Connections of every kind, under both gevent workers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import httpx
import pytest

from tests.running import PATIENCE, Server
from tests.server.workers.pair import (
    WORKERS,
    connect,
    echoed,
    facts,
    head_of,
    pair,
    post,
    served,
    statuses,
    talk,
)

KEPT_SECONDS = 1


@pytest.fixture
def short_path() -> Iterator[Path]:
    """The path of a socket has at most 107 characters."""
    with TemporaryDirectory(prefix="lane-") as folder:
        yield Path(folder)


def test_an_idle_connection_ends_when_its_time_is_up(tmp_path: Path) -> None:
    """Also one whose head does not come to its end. One whose body is slow goes on."""
    with pair(tmp_path, LLMSIM_KEEPALIVE=str(KEPT_SECONDS)) as both:
        asked = (post(), post(), post(), b"", head_of()[:20])
        idle = [(one, connect(server)) for one in asked for server in both.servers.values()]
        for request, client in idle:
            client.sendall(request)
        started = time.monotonic()
        for request, client in idle:
            answer = talk(client, end=False)
            assert time.monotonic() - started >= KEPT_SECONDS * 0.9
            assert statuses(answer) == [200] * (request == post())
        for server in both.servers.values():
            with connect(server) as client:
                client.sendall(head_of() + b"bo")
                time.sleep(KEPT_SECONDS * 1.2)
                client.sendall(b"dy")
                assert statuses(client.recv(65536)) == [200]


def test_without_keep_alive_each_connection_has_one_answer(tmp_path: Path) -> None:
    with pair(tmp_path, LLMSIM_KEEPALIVE="0") as both:
        for _ in range(3):
            answer = both.answers(post() + post())
            assert statuses(answer) == [200]
            assert b"Connection: close" in answer
        assert facts(both.servers["fast"])["again"] == 1


def test_what_comes_by_a_unix_socket_is_not_what_comes_by_another(short_path: Path) -> None:
    """Who connects by it is trusted, has no address, and asks a server that has none."""
    request = post("/", "X-Forwarded-Proto: https")
    answers = set()
    for worker in WORKERS.values():
        path = str(short_path / worker[-6:])
        untrusting = ("--forwarded-allow-ips", "10.0.0.1", "-b", f"unix:{path}")
        with served(short_path, worker, "-b", "127.0.0.1:0", *untrusting) as server:
            for _ in range(4):
                answers.add((by_unix(path, request), talk(connect(server), request)))
            assert facts(server)["again"] == (4 if worker == WORKERS["fast"] else 0)
    ((unix, tcp),) = answers
    (seen,), (other,) = (echoed(answer) for answer in (unix, tcp))
    assert seen["environ"]["wsgi.url_scheme"] == "https"
    assert other["environ"]["wsgi.url_scheme"] == "http"
    assert seen["environ"]["REMOTE_ADDR"] == ""


def by_unix(path: str, *pieces: bytes) -> bytes:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(path)
    return talk(connection, *pieces)


class TlsServer(Server):
    """A server that plain HTTP does not reach."""

    def __enter__(self) -> Self:
        with contextlib.suppress(httpx.TransportError):
            super().__enter__()
        return self


def test_tls_is_gunicorns_own(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=x"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    answers = set()
    for worker in WORKERS.values():
        files = ("--certfile", certificate, "--keyfile", key)
        with served(tmp_path, worker, *files, kind=TlsServer) as server:
            for _ in range(4):
                asked = post() + post("/chunked", "Connection: close")
                answers.add(talk(context.wrap_socket(connect(server)), asked, end=False))
            asked = post("/facts", "Connection: close")
            told = talk(context.wrap_socket(connect(server)), asked, end=False)
            assert b'"again": 0' in told
    (answer,) = answers
    assert statuses(answer) == [200, 200]
    assert [seen["environ"]["wsgi.url_scheme"] for seen in echoed(answer)] == ["https"]


def test_every_request_is_in_the_access_log(tmp_path: Path) -> None:
    arguments = ("--access-logfile", "-", "--access-logformat", "%(r)s %(s)s %(B)s %({x-a}i)s")
    with pair(tmp_path, *arguments) as both:
        both.answers_remembered(post("/logged?a=b", "X-A: yes"))
        both.answers(post("/chunked"))
        logs = [re.findall("POST /.*", server.log()) for server in both.servers.values()]
    assert logs[0] == logs[1]
    assert len(logs[0]) == 4
    assert logs[0][0] == "POST /logged?a=b HTTP/1.1 200 676 yes"


def test_a_hook_that_changes_requests_still_does(tmp_path: Path) -> None:
    """And one that looks at them afterwards sees each."""
    hooks = """
from tests.benchmarks.bare_conf import *

def pre_request(worker, req):
    req.headers.append(("X-HOOK", str(req.req_number)))

def post_request(worker, req, environ, resp):
    worker.log.info("after %s %s", environ["HTTP_X_HOOK"], resp.status)
"""
    (tmp_path / "conf.py").write_text(hooks)
    with pair(tmp_path, "-c", str(tmp_path / "conf.py")) as both:
        for _ in range(3):
            answer = both.answers(post() * 3)
            assert [seen["environ"]["HTTP_X_HOOK"] for seen in echoed(answer)] == ["1", "2", "3"]
        for server in both.servers.values():
            assert len(re.findall(r"after \d 200 OK", server.log())) == 1 + 9  # the start


def test_a_hook_that_looks_afterwards_sees_what_it_sees_of_gunicorns(tmp_path: Path) -> None:
    hooks = """
from tests.benchmarks.bare_conf import *

def post_request(worker, req, environ, resp):
    told = [req.method, req.uri, req.headers, req.version, environ["PATH_INFO"], resp.sent]
    worker.log.info("after %s", told)
    req.headers.append(("X-AFTER", "the next one would have it, if it were the same list"))
"""
    (tmp_path / "conf.py").write_text(hooks)
    with pair(tmp_path, "-c", str(tmp_path / "conf.py")) as both:
        both.answers_remembered(post("/hooked", "X-A: 1") * 2)
        logs = [re.findall(r"after .*/hooked.*", server.log()) for server in both.servers.values()]
    assert len(logs[0]) == 6
    assert logs[0] == logs[1]


def test_a_worker_ends_after_so_many_requests_and_says_so_in_the_last_answer(
    tmp_path: Path,
) -> None:
    with pair(tmp_path, "--max-requests", "5") as both:
        answer = both.answers(post() * 4, end=False)
        assert statuses(answer) == [200] * 4
        assert [b"keep-alive" in part for part in answer.split(b"HTTP/1.1 200")[1:]] == [
            *([True] * 3),
            False,
        ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_client_that_asks_again_at_once_waits_for_the_others(tmp_path: Path, first: int) -> None:
    """All has come before the worker looks; the first piece that it reads is one request."""
    read_at_once = 8192
    room = read_at_once - len(post("/number", body=b"1000"))
    one = post("/number", body=b"x" * room)
    with served(tmp_path, WORKERS["fast"]) as server, ExitStack() as clients:
        eager, other = sorted(
            [clients.enter_context(connect(server)) for _ in range(2)],
            key=lambda client: client.getsockname(),
            reverse=bool(first),
        )
        for client in (eager, other):
            client.sendall(post("/number"))
            numbers_in(client, 1)
        (worker,) = server.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        eager.sendall(one)
        eager.sendall(post("/number"))
        other.sendall(post("/number"))
        os.kill(worker, signal.SIGCONT)
        numbers = [*numbers_in(eager, 2), *numbers_in(other, 1)]
    assert numbers[1] == max(numbers) == 5


def numbers_in(client: socket.socket, count: int) -> list[int]:
    """Those of so many answers; each has one digit."""
    answer = b""
    while len(found := re.findall(rb"\r\n\r\n([0-9])", answer)) < count:
        answer += client.recv(65536)
    return [int(number) for number in found]
