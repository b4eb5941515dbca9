"""Gates over real workers and hosts: what one holds another releases."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.requests import CHAT, body_for
from tests.running import PATIENCE, text
from tests.stress.hosts import Served, started


@pytest.fixture(scope="module", params=["gevent", "gthread", "three gevent hosts"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gates")
    with started(request.param, folder, None, LLMSIM_THREADS="32") as running:
        yield running


@pytest.fixture
def agents() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def put(server: Served, session: str, gate: Any) -> None:
    url = f"{server.origin}/llmsim/sessions/{session}/script"
    script = {"turns": [text("one two three") | {"gate": gate}]}
    assert httpx.put(url, json=script, timeout=PATIENCE).status_code == 200


def ask(server: Served, session: str) -> httpx.Response:
    """On a connection of its own: any worker may take it."""
    url = f"{server.origin}/s/{session}{CHAT}"
    answer = httpx.post(url, json=body_for(CHAT), timeout=PATIENCE)
    assert answer.status_code == 200
    return answer


def gates(server: Served, path: str) -> list[dict[str, Any]]:
    found = httpx.get(f"{server.origin}/llmsim{path}/gates", timeout=PATIENCE).json()
    return list(found["gates"])


def waiting(server: Served, path: str, number: int) -> list[dict[str, Any]]:
    """Who waits, once there are so many."""
    deadline = time.monotonic() + PATIENCE
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        found = [who for gate in gates(server, path) for who in gate["waiting"]]
        if len(found) == number:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{number} should wait, {found} do")


def release(server: Served, path: str, gate: str = "g", **body: int) -> dict[str, Any]:
    url = f"{server.origin}/llmsim{path}/gates/{gate}/release"
    found: dict[str, Any] = httpx.post(url, json=body, timeout=PATIENCE).json()
    return found


def held(server: Served, session: str, number: int) -> list[dict[str, Any]]:
    """What the journal says of the gate, for each request."""
    url = f"{server.origin}/llmsim/sessions/{session}/requests?wait_for={number}&timeout=60"
    return [entry["gate"] for entry in httpx.get(url, timeout=2 * PATIENCE).json()["entries"]]


def test_what_several_workers_hold_is_released_from_outside(
    server: Served, agents: ThreadPoolExecutor
) -> None:
    put(server, "many", {"name": "g", "max_hold_s": 300})
    answers = [agents.submit(ask, server, "many") for _ in range(12)]
    found = waiting(server, "/sessions/many", 12)
    assert {who["position"] for who in found} == set(range(12))
    assert not any(answer.done() for answer in answers)
    release(server, "/sessions/many", count=5)
    waiting(server, "/sessions/many", 7)
    release(server, "/sessions/many")
    workers = {answer.result().headers["X-LLMSim-Worker"] for answer in answers}
    assert workers == {who["worker"] for who in found}
    assert {gate["by"] for gate in held(server, "many", 12)} == {"released"}


def test_a_thundering_herd_is_released_together(server: Served, agents: ThreadPoolExecutor) -> None:
    put(server, "herd", {"name": "g", "count": 20, "max_hold_s": 300})
    early = [agents.submit(ask, server, "herd") for _ in range(19)]
    waiting(server, "/sessions/herd", 19)
    assert not any(answer.done() for answer in early)
    herd: list[Future[httpx.Response]] = [*early, agents.submit(ask, server, "herd")]
    positions = sorted(int(one.result().headers["X-LLMSim-Position"]) for one in herd)
    assert positions == [*range(20)]
    assert {gate["by"] for gate in held(server, "herd", 20)} == {"released"}


def test_a_gate_of_all_sessions_holds_each_of_them(
    server: Served, agents: ThreadPoolExecutor
) -> None:
    sessions = ["left", "right"]
    for session in sessions:
        put(server, session, {"name": "both", "count": 2, "scope": "server", "max_hold_s": 300})
    first = agents.submit(ask, server, "left")
    (who,) = waiting(server, "", 1)
    assert who["session"] == "left"
    second = agents.submit(ask, server, "right")
    assert {first.result().status_code, second.result().status_code} == {200}


def connect(server: Served, session: str, **fields: Any) -> socket.socket:
    """A request whose answer is read by hand."""
    host, _, port = server.origin.removeprefix("http://").rpartition(":")
    body = json.dumps(body_for(CHAT, **fields)).encode()
    made = socket.create_connection((host, int(port)), timeout=PATIENCE)
    head = f"POST /s/{session}{CHAT} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    made.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
    return made


def test_a_client_that_leaves_gives_its_ticket_back(
    server: Served, agents: ThreadPoolExecutor
) -> None:
    put(server, "left-alone", {"name": "g", "max_hold_s": 300})
    gone = connect(server, "left-alone")
    waiting(server, "/sessions/left-alone", 1)
    answer = agents.submit(ask, server, "left-alone")
    waiting(server, "/sessions/left-alone", 2)
    gone.close()
    waiting(server, "/sessions/left-alone", 1)
    release(server, "/sessions/left-alone", count=1)
    assert answer.result().headers["X-LLMSim-Position"] == "1"
    assert sorted(gate["by"] for gate in held(server, "left-alone", 2)) == [
        "client_gone",
        "released",
    ]


def test_a_stream_stops_behind_its_first_chunks_until_it_is_released(server: Served) -> None:
    put(server, "midway", {"name": "g", "after_chunks": 2, "max_hold_s": 300})
    with connect(server, "midway", stream=True) as stream:
        before = b""
        while b"two" not in before:
            before += stream.recv(65_536)
        waiting(server, "/sessions/midway", 1)
        assert b"three" not in before
        release(server, "/sessions/midway")
        behind = b""
        while b"[DONE]" not in behind:
            behind += stream.recv(65_536)
    assert b"three" in behind
    (entry,) = held(server, "midway", 1)
    assert entry["held_ms"] > 0


def test_nothing_went_wrong_inside(server: Served) -> None:
    assert "Traceback" not in server.log()
    assert "[ERROR]" not in server.log()
