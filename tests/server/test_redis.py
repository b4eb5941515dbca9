"""Servers whose state is in a Redis: which one, and what happens when it is out of reach."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from llmsim.errors import StartupError
from llmsim.settings import Settings
from llmsim.store.engines import engine_of
from tests.redis_server import RedisServer, free_port, needs
from tests.requests import ROUTE_OF, request_to
from tests.running import (
    GUNICORN,
    PATIENCE,
    ROOT,
    Server,
    clean_environment,
    numbered,
    write_script,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a socket's path must not be long."""
    with TemporaryDirectory(prefix="redis-") as name:
        yield Path(name)


@pytest.fixture
def redis(folder: Path) -> Iterator[RedisServer]:
    with RedisServer(folder) as server:
        yield server


def script(tmp_path: Path, turns: int = 100) -> Path:
    return write_script(tmp_path / "script.json", *numbered(turns), on_exhausted="loop")


def refused_start(tmp_path: Path, url: str, **variables: str) -> str:
    """What a server says that does not start; it ends with 1 and without a traceback."""
    ended = subprocess.run(
        GUNICORN,
        cwd=ROOT,
        env=clean_environment(tmp_path, LLMSIM_STORE=url, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def ask(origin: str, session: str = "s", api: str = "chat") -> httpx.Response:
    route = f"{origin}/s/{session}{ROUTE_OF[api]}"
    return httpx.post(route, json=request_to(api), timeout=PATIENCE)


def position(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.headers["X-LLMSim-Position"])


def until_it_serves(server: Server) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE
    while (answer := ask(server.origin)).status_code != 200:
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer


# The start


def test_a_redis_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    said = refused_start(tmp_path, f"redis://:hidden@127.0.0.1:{port}/2")
    assert f"llmsim cannot start: Redis at redis://127.0.0.1:{port}/2 does not answer" in said
    assert "refused): see to it, or to store.url (LLMSIM_STORE)" in said
    assert "service resumes" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redid://x", "unknown store 'redid'; expected one of 'mmap', 'redis'"),
        ("unix://", "expected unix:///path/of/the/socket"),
        ("redis://localhost:port", "Port could not be cast"),
        ("redis://localhost?tiemout=1", "unexpected keyword argument 'tiemout'"),
        ("redis://:hid/den@localhost", "in the password %2F for /"),
        ("redis://localhost?tiemout=1&password=hid@den", "it cannot be read"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_sentence(url: str, message: str) -> None:
    with pytest.raises(StartupError, match=re.escape(message)) as caught:
        engine_of(Settings(store_url=url))
    assert "hid" not in str(caught.value)


def test_a_url_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    said = refused_start(tmp_path, "redid://:hidden@x")
    assert "llmsim cannot start: store.url (LLMSIM_STORE): unknown store 'redid'" in said
    assert "hidden" not in said


def test_a_wrong_password_is_a_sentence(tmp_path: Path, redis: RedisServer) -> None:
    with redis.client() as client:
        client.acl_setuser("llmsim", enabled=True, passwords=["+right"])
    said = refused_start(tmp_path, f"redis://llmsim:wrong@127.0.0.1:{redis.port}")
    assert "see to user and password in store.url, LLMSIM_STORE" in said
    assert "wrong@" not in said


# Ways to reach it


def test_a_user_with_little_rights_a_database_and_a_prefix(
    tmp_path: Path, redis: RedisServer
) -> None:
    with redis.client() as client:
        client.acl_setuser(
            "llmsim",
            enabled=True,
            passwords=["+right"],
            keys=["{mine}:*"],
            commands=["+@read", "+@write", "+@scripting", "+@connection", "+info"],
        )
    url = f"redis://llmsim:right@127.0.0.1:{redis.port}/3?decode_responses=yes"
    with Server(tmp_path, script(tmp_path), LLMSIM_STORE=url, LLMSIM_STORE_PREFIX="mine") as server:
        assert [position(ask(server.origin)) for _ in range(5)] == list(range(5))
        assert "right@" not in server.log()
    with redis.client() as client:
        assert set(client.info("keyspace")) == {"db3"}


def test_over_tls_with_a_certificate_of_ones_own(tmp_path: Path, folder: Path) -> None:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *(needs("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-keyout", str(key), "-out", str(certificate), "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    tls = [
        *("--tls-port", str(port), "--tls-cert-file", str(certificate)),
        *("--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)),
        *("--tls-auth-clients", "no"),
    ]
    with RedisServer(folder, *tls):
        assert "certificate" in refused_start(tmp_path, f"rediss://localhost:{port}").lower()
        url = f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}"
        with (
            Server(tmp_path, script(tmp_path), LLMSIM_STORE=url) as server,
            ThreadPoolExecutor(8) as threads,
        ):
            answers = threads.map(lambda _: ask(server.origin), range(60))
            assert sorted(map(position, answers)) == list(range(60))


def test_a_restart_and_a_reload_go_on_where_they_were(tmp_path: Path, redis: RedisServer) -> None:
    with Server(tmp_path, script(tmp_path), LLMSIM_STORE=redis.url) as server:
        assert position(ask(server.origin, "default")) == 0
        server.reload()
        assert "is unchanged; cursors go on" in server.log()
        assert position(ask(server.origin, "default")) == 1
    with Server(tmp_path, script(tmp_path), LLMSIM_STORE=redis.url) as server:
        assert "continuing at position 2" in server.log()
        assert position(ask(server.origin, "default")) == 2
        script(tmp_path, 5)
        server.reload()
        assert position(ask(server.origin, "default")) == 0
        assert "another host" not in server.log()
    assert list(tmp_path.glob("llmsim-*")) == [], "what a host has for itself goes with its server"


def test_the_host_that_publishes_last_wins_and_the_other_says_so(
    tmp_path: Path, redis: RedisServer
) -> None:
    (tmp_path / "other").mkdir()
    with Server(tmp_path, script(tmp_path), LLMSIM_STORE=redis.url) as one:
        assert position(ask(one.origin)) == 0
        with Server(
            tmp_path / "other",
            script(tmp_path),
            LLMSIM_STORE=redis.url,
            LLMSIM_ORDER="history",
        ) as other:
            assert "the script has changed since the last run" in other.log()
            answer = ask(one.origin)
            assert position(answer) == 0
            one.wait_for_log(r"another host \(.*\) has published another script")
            assert httpx.get(f"{one.origin}/health").json()["order"] == "history"


# Out of reach


@pytest.mark.parametrize("worker_class", ["gevent", "gthread"])
def test_while_redis_is_down_requests_get_a_503_in_their_apis_shape_and_then_it_serves_again(
    tmp_path: Path, redis: RedisServer, worker_class: str
) -> None:
    settings = {"LLMSIM_STORE": redis.url, "LLMSIM_WORKER_CLASS": worker_class}
    with Server(tmp_path, script(tmp_path), **settings) as server:
        before = ask(server.origin)
        redis.kill()
        for api in ROUTE_OF:
            answer = ask(server.origin, api=api)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), answer.text
            error = answer.json()["error"]
            assert "does not answer" in error["message"]
            assert ("type" in error, answer.json().get("type")) == (
                True,
                "error" if api == "anthropic" else None,
            )
        control = httpx.get(f"{server.origin}/llmsim/sessions", timeout=PATIENCE)
        assert (control.status_code, control.headers["Retry-After"]) == (503, "1")
        assert httpx.get(f"{server.origin}/health", timeout=PATIENCE).status_code == 503
        redis.start()
        after = until_it_serves(server)
        assert after.headers["X-LLMSim-Generation"] != before.headers["X-LLMSim-Generation"]
        assert position(after) == 0
        assert "was emptied: every session begins a new generation" in server.log()
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("worker_class", ["gevent", "gthread"])
def test_while_redis_is_silent_everybody_has_a_503_soon_and_nothing_piles_up(
    tmp_path: Path, redis: RedisServer, worker_class: str
) -> None:
    settings = {
        "LLMSIM_STORE": redis.url,
        "LLMSIM_STORE_TIMEOUT": "1",
        "LLMSIM_STORE_CONNECT_TIMEOUT": "1",
        "LLMSIM_WORKER_CLASS": worker_class,
    }
    with Server(tmp_path, script(tmp_path), **settings) as server, ThreadPoolExecutor(60) as many:
        first = position(ask(server.origin))
        redis.stop()
        began = time.monotonic()
        answers = list(many.map(lambda _: ask(server.origin), range(180)))
        took = time.monotonic() - began
        redis.go_on()
        assert {answer.status_code for answer in answers} == {503}
        # Three for each client: one by one on a connection they would take three minutes.
        assert took < 45
        last = position(until_it_serves(server))
        assert first < last <= first + 1 + len(answers)
        with redis.client() as client:
            # One a worker, one of the master, the test's own, and those that are being closed.
            assert len(client.client_list()) <= 10
