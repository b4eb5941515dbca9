"""How answers leave real workers of each class: what breaks, what waits, what is served then."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.requests import ROUTE_OF, request_to
from tests.running import PATIENCE, Server, by_flag, text, write_script
from tests.sdk.scripted import Served

WORKER_CLASSES = ("fast", "gevent", "gthread", "sync")
SAID = "one two three four five six"
STALL = {"kind": "stall", "ms": 100}
FAULTS = ["disconnect", "truncate", STALL, "malformed", "stream_error", "split", "duplicate"]
BROKEN: list[dict[str, Any]] = [
    *({**text(SAID), "fault": fault} for fault in FAULTS),
    {"type": "error", "kind": "connection_reset"},
]
PACED = {"ttft_mean_ms": 40, "ttft_stddev_ms": 20, "tbt_mean_ms": 8, "tbt_stddev_ms": 4}


def name_of(turn: dict[str, Any]) -> str:
    fault = turn.get("fault") or turn["kind"]
    return fault if isinstance(fault, str) else str(fault["kind"])


@contextmanager
def serving(
    tmp_path: Path, worker_class: str, *turns: dict[str, Any], workers: int = 1
) -> Iterator[Server]:
    script = write_script(tmp_path / "script.json", *turns, on_exhausted="loop")
    arguments = (*by_flag(worker_class), "-w", str(workers))
    with Server(tmp_path, script, *arguments, LLMSIM_GRACEFUL_TIMEOUT="60") as server:
        yield server


def ask(server: Server, *, stream: bool) -> bytes:
    """One answer, on a connection of its own, as far as it comes."""
    url = f"{server.origin}/s/a{ROUTE_OF['chat']}"
    body = request_to("chat", stream=stream)
    with httpx.stream("POST", url, json=body, timeout=PATIENCE) as answer:
        return b"".join(answer.iter_bytes())


def entries(server: Server, count: int) -> list[dict[str, Any]]:
    url = f"{server.origin}/llmsim/sessions/a/requests?wait_for={count}&limit=100"
    found: list[dict[str, Any]] = httpx.get(url, timeout=PATIENCE).json()["entries"]
    return found


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_after_every_fault_the_worker_serves_on_and_the_journal_is_right(
    tmp_path: Path, worker_class: str
) -> None:
    with serving(tmp_path, worker_class, *BROKEN) as server:
        (worker,) = server.worker_pids()
        for stream in (True, False):
            for turn in BROKEN:
                name = name_of(turn)
                raised: type[Exception] | None = None
                try:
                    ask(server, stream=stream)
                except httpx.TransportError as error:
                    raised = type(error)
                    assert raised in (httpx.ReadError, httpx.RemoteProtocolError)
                breaks = {"disconnect", "connection_reset"} | (set() if stream else {"truncate"})
                assert (raised is not None) == (name in breaks), (name, stream, raised)
        found = entries(server, 2 * len(BROKEN))
        assert [entry["position"] for entry in found] == list(range(2 * len(BROKEN)))
        names = [name_of(turn) for turn in BROKEN] * 2
        assert [entry["fault"] or "connection_reset" for entry in found] == names
        broken = [
            name
            for name, entry in zip(names, found, strict=True)
            if entry["outcome"] == "broken_off"
        ]
        assert broken == [
            *("disconnect", "connection_reset"),
            *("disconnect", "truncate", "connection_reset"),
        ]
        assert {entry["outcome"] for entry in found} == {"broken_off", "completed"}
        assert httpx.get(server.origin, timeout=PATIENCE).status_code == 200
        assert server.worker_pids() == [worker]
        Served(server, 0).assert_unharmed()


def test_a_reset_is_one_and_what_came_before_it_can_be_read(tmp_path: Path) -> None:
    turn = {**text(SAID), "fault": {"kind": "disconnect", "after_chunks": 2}}
    body = httpx.Request("POST", "http://x", json=request_to("chat", stream=True)).content
    head = f"POST {ROUTE_OF['chat']} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(tmp_path, "fast", turn) as server:
        host, port = server.origin.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(head.encode() + body)
            heard: list[bytes] = []
            with pytest.raises(ConnectionResetError):
                listen(connection, heard)
        assert b" two" in b"".join(heard)
        assert b" three" not in b"".join(heard)


def listen(connection: socket.socket, heard: list[bytes]) -> None:
    while data := connection.recv(65536):
        heard.append(data)


def test_the_waits_are_the_same_on_one_worker_and_on_four_of_another_class(tmp_path: Path) -> None:
    told = []
    for worker_class, workers in (("gthread", 1), ("fast", 4)):
        turn = text(SAID) | {"latency": PACED}
        with serving(tmp_path, worker_class, turn, workers=workers) as server:
            with ThreadPoolExecutor(4) as pool:
                asked = [pool.submit(ask, server, stream=True) for _ in range(12)]
                assert all(stream.result() for stream in asked)
            found = entries(server, 12)
        for entry in found:
            timing = entry["timing"]
            assert timing["actual_ttft_ms"] >= timing["ttft_ms"]
            assert timing["actual_end_ms"] >= timing["end_ms"] >= timing["ttft_ms"]
        told.append(
            {
                entry["position"]: (entry["timing"]["ttft_ms"], entry["timing"]["end_ms"])
                for entry in found
            }
        )
    one, four = told
    assert one == four
    assert len(set(one.values())) == 12


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_paced_streams_end_as_they_should_when_the_server_is_told_to_stop(
    tmp_path: Path, worker_class: str
) -> None:
    steady = {"ttft_mean_ms": 100, "ttft_stddev_ms": 0, "tbt_mean_ms": 150, "tbt_stddev_ms": 0}
    with serving(tmp_path, worker_class, text(SAID) | {"latency": steady}) as server:
        begun = threading.Event()
        heard: list[bytes] = []

        def listen() -> None:
            url = f"{server.origin}{ROUTE_OF['chat']}"
            body = request_to("chat", stream=True)
            with httpx.stream("POST", url, json=body, timeout=PATIENCE) as answer:
                for data in answer.iter_bytes():
                    heard.append(data)
                    begun.set()

        listening = threading.Thread(target=listen)
        listening.start()
        assert begun.wait(PATIENCE)
        os.kill(server.process.pid, signal.SIGTERM)
        listening.join(PATIENCE)
        assert server.process.wait(PATIENCE) == 0
    said = b"".join(heard)
    assert re.findall(rb'"content":" ?(\w+)"', said) == [word.encode() for word in SAID.split()]
    assert said.endswith(b"data: [DONE]\n\n")
