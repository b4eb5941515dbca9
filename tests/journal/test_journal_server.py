"""The journal of real servers.

Readable at once from any worker, free of secrets, and right about clients that leave.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.requests import CHAT, ROUTE_OF, body_for
from tests.running import PATIENCE, Server, numbered, text, write_script
from tests.stress.hosts import Served, started


class RawClient:
    """One request over a socket of its own, which is read up to the answer's last byte."""

    def __init__(self, origin: str, path: str, value: Any, receive_buffer: int = 0) -> None:
        host, _, port = origin.removeprefix("http://").partition(":")
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((host, int(port)))
        body = json.dumps(value).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: "
            f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def answer(self) -> tuple[dict[str, str], bytes]:
        """The headers and the body, as it came over the wire."""
        read = bytearray()
        while b"\r\n\r\n" not in read:
            read += self._block()
        begin = read.index(b"\r\n\r\n") + 4
        headers = {
            name.lower(): value
            for name, _, value in (
                line.partition(": ") for line in read[:begin].decode().split("\r\n")[1:]
            )
        }
        size = int(headers.get("content-length", -1))
        while not (len(read) - begin == size if size >= 0 else b"data: [DONE]\n\n" in read[-100:]):
            read += self._block()
        return headers, bytes(read[begin:])

    def leave(self, *, reset: bool) -> None:
        """Close the connection, or break it off."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _block(self) -> bytes:
        block = self.socket.recv(65536)
        assert block, "the answer broke off"
        return block


def page(origin: str, session: str, **query: Any) -> dict[str, Any]:
    """A page of the journal, over a connection of its own."""
    status, body = exchange(
        origin, "GET", f"/llmsim/sessions/{session}/requests?{urlencode(query)}"
    )
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def exchange(origin: str, method: str, path: str, value: Any = None) -> tuple[int, bytes]:
    """The status and body of one answer.

    Over a connection of its own, so that any worker may give it.
    """
    connection = http.client.HTTPConnection(origin.removeprefix("http://"), timeout=30)
    try:
        connection.request(
            method,
            path,
            None if value is None else json.dumps(value),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture(scope="module", params=["gevent", "three hosts"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("journal")
    script = write_script(directory / "script.json", *numbered(10), on_exhausted="loop")
    with started(request.param, directory, script) as running:
        yield running


def test_an_entry_is_readable_from_any_worker_as_soon_as_its_answer_has_its_last_byte(
    server: Served,
) -> None:
    def drive(session: str) -> set[str]:
        workers, mark = set(), "0"
        for at in range(50):
            stream = at % 2 == 1
            route = ROUTE_OF["openresponses"] if at % 4 > 1 else CHAT
            with RawClient(
                server.origin, f"/s/{session}{route}", body_for(route, stream=stream)
            ) as client:
                headers, body = client.answer()
                found = page(server.origin, session, since=mark)
            assert [entry["position"] for entry in found["entries"]] == [at]
            (entry,) = found["entries"]
            assert (entry["outcome"], entry["stream"], entry["worker"]) == (
                "completed",
                stream,
                headers["x-llmsim-worker"],
            )
            assert stream or entry["bytes"] == len(body)
            workers.add(entry["worker"])
            mark = found["next"]
        return workers

    with ThreadPoolExecutor(4) as pool:
        workers = set().union(*pool.map(drive, [f"at-once-{number}" for number in range(4)]))
    assert len(workers) > 1


def test_a_wait_is_over_when_requests_on_any_workers_have_finished(server: Served) -> None:
    exchange(server.origin, "POST", "/llmsim/sessions", {"name": "waited-for"})
    with ThreadPoolExecutor(9) as pool:
        waiting = pool.submit(page, server.origin, "waited-for", wait_for=24, timeout=PATIENCE)
        for _ in range(24):
            pool.submit(exchange, server.origin, "POST", f"/s/waited-for{CHAT}", body_for(CHAT))
        found = waiting.result(25)
    assert found["timed_out"] is False
    assert sorted(entry["position"] for entry in found["entries"])[:24] == list(range(24))


def test_entries_of_many_workers_at_once_are_whole_and_each_is_there_once(server: Served) -> None:
    with ThreadPoolExecutor(16) as pool:
        bodies = [body_for(CHAT, pad="x" * (at * 211)) for at in range(200)]
        answers = [
            body
            for _, body in pool.map(
                lambda body: exchange(server.origin, "POST", f"/s/many{CHAT}", body), bodies
            )
        ]
    found = page(server.origin, "many", limit=1000)
    assert len(found["entries"]) == 200
    sizes = {int(json.loads(body)["id"].rpartition("-")[2]): len(body) for body in answers}
    assert {entry["position"]: entry["bytes"] for entry in found["entries"]} == sizes
    assert sorted(sizes) == list(range(200))
    assert {len(entry["request_body"]["pad"]) for entry in found["entries"]} == {
        at * 211 for at in range(200)
    }
    _, exported = exchange(server.origin, "GET", "/llmsim/sessions/many/requests.jsonl")
    assert [json.loads(line) for line in exported.splitlines()] == found["entries"]


# Secrets

HIDDEN = "hush-4711"
OPEN = "plain-4711"


def files_below(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_no_secret_comes_into_the_state_directory_or_the_log(tmp_path: Path) -> None:
    state = tmp_path / "state"
    turns = [text(f"said-{OPEN}"), {"type": "error", "kind": "rate_limit"}]
    script = write_script(tmp_path / "script.json", *turns, on_exhausted="loop")
    control = {"Authorization": f"Bearer control-{HIDDEN}"}
    headers = {
        "x-api-key": HIDDEN,
        "Cookie": f"session={HIDDEN}",
        "X-Auth-Token": HIDDEN,
        "Proxy-Authorization": f"Basic {HIDDEN}",
        "api-key": HIDDEN,
    }
    mcp = {
        "type": "mcp",
        "server_label": "s",
        "server_url": "https://mcp",
        "authorization": HIDDEN,
        "headers": {"Authorization": f"Bearer {HIDDEN}"},
    }
    own = {"X-Custom": [HIDDEN, {"deep": HIDDEN}]}
    with (
        Server(
            tmp_path, script, LLMSIM_STATE_DIR=str(state), LLMSIM_CONTROL_TOKEN=f"control-{HIDDEN}"
        ) as server,
        httpx.Client(base_url=server.origin, timeout=PATIENCE) as client,
    ):
        for route in ROUTE_OF.values():
            for stream in (False, True):
                body = body_for(
                    route,
                    stream=stream,
                    tools=[mcp, {"function": {"name": "f"}, "extra_headers": own}],
                    note=f"sent-{OPEN}",
                )
                for more in ({}, {"api_key": HIDDEN}, {"pad": "x" * 2**21, "api_key": HIDDEN}):
                    for given in (
                        headers | {"Authorization": f"Bearer {HIDDEN}"},
                        headers | {"Authorization": "Bearer llmsim-named"},
                    ):
                        assert client.post(
                            f"{route}?key={HIDDEN}", json=body | more, headers=given
                        ).status_code in (200, 429)
            for broken in (
                f'{{"api_key": "{HIDDEN}", ',
                f"api_key={HIDDEN}",
                f'{{"model": 7, "api_key": "{HIDDEN}"}}',
                f'["{OPEN}", {{"api_key": "{HIDDEN}"}}]',
            ):
                assert client.post(route, content=broken, headers=headers).status_code == 400
        assert (
            client.post(
                f"{CHAT}",
                headers=headers | {"X-LLMSim-Session": f"no name {HIDDEN}"},
                json=body_for(CHAT),
            ).status_code
            == 400
        )
        assert client.get("/openai/v1/models", headers=headers).status_code == 200
        assert (
            client.get(
                "/llmsim/sessions", headers={"Authorization": f"Bearer wrong-{HIDDEN}"}
            ).status_code
            == 401
        )
        counts = [
            len(
                client.get(f"/llmsim/sessions/{name}/requests?limit=1000", headers=control).json()[
                    "entries"
                ]
            )
            for name in ("default", "named")
        ]
        found = files_below(state) | {"the log": server.log().encode()}
    found |= files_below(state)
    named = 6 * len(ROUTE_OF)  # and as many of the default session, beside what was broken
    assert counts == [named + 4 * len(ROUTE_OF) + 1, named]
    assert [name for name, content in found.items() if HIDDEN.encode() in content] == []
    kept = b"".join(found.values())
    assert f"sent-{OPEN}".encode() in kept
    assert f"said-{OPEN}".encode() in kept


# Clients that leave

LONG = "word " * 40_000


@pytest.fixture(scope="module", params=["gevent", "gthread", "sync"])
def lone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One worker, whose every answer is long."""
    directory = tmp_path_factory.mktemp("lone")
    script = write_script(directory / "script.json", text(LONG))
    with Server(
        directory, script, LLMSIM_WORKERS="1", LLMSIM_WORKER_CLASS=request.param, LLMSIM_THREADS="4"
    ) as running:
        yield running


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """The server's workers stand still."""
    pids = server.worker_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "broken off"])
def test_a_client_that_leaves_in_the_middle_of_a_long_stream_is_gone_and_the_next_is_served(
    lone: Server, reset: bool
) -> None:
    session = f"leaving-{reset}"
    path = f"/s/{session}{CHAT}"
    with RawClient(lone.origin, path, body_for(CHAT, stream=True), 8192) as client:
        assert client.socket.recv(1000)
        client.leave(reset=reset)
    assert exchange(lone.origin, "POST", path, body_for(CHAT, stream=True))[1].endswith(
        b"[DONE]\n\n"
    )
    assert (
        json.loads(exchange(lone.origin, "POST", path, body_for(CHAT))[1])["choices"][0]["message"][
            "content"
        ]
        == LONG
    )
    found = page(lone.origin, session, wait_for=3, timeout=PATIENCE)
    gone, streamed, plain = sorted(found["entries"], key=lambda entry: entry["position"])
    assert [entry["outcome"] for entry in (gone, streamed, plain)] == [
        "client_gone",
        "completed",
        "completed",
    ]
    assert 0 <= gone["bytes"] < streamed["bytes"]
    assert gone["chunks"] < streamed["chunks"]
    assert streamed["bytes"] > 1_000_000
    assert gone["answer"] == streamed["answer"] == {"blocks": [{"type": "text", "text": LONG}]}


def test_a_client_that_is_gone_before_a_plain_answer_begins_is_said_to_be(lone: Server) -> None:
    path = f"/s/gone-before{CHAT}"
    exchange(lone.origin, "POST", path, body_for(CHAT))
    with paused(lone):
        RawClient(lone.origin, path, body_for(CHAT)).leave(reset=False)
    found = page(lone.origin, "gone-before", wait_for=2, timeout=PATIENCE)
    assert [entry["outcome"] for entry in found["entries"]] == ["completed", "client_gone"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_has_only_said_all_that_it_will_say_gets_its_whole_answer(
    lone: Server, stream: bool
) -> None:
    """As `nc -N` and some proxies do: the other half of the connection stays open."""
    with paused(lone):
        client = RawClient(lone.origin, f"/s/half-{stream}{CHAT}", body_for(CHAT, stream=stream))
        client.socket.shutdown(socket.SHUT_WR)
    with client:
        _, body = client.answer()
    said = body if not stream else b"".join(re.findall(rb'"content":"([^"]*)"', body))
    assert said.count(b"word ") == 40_000
