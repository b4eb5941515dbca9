"""USR2: two masters serve one port from one state, whichever of them ends first."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.requests import request_to
from tests.running import PATIENCE, Server, numbered, write_script

BODY = request_to("chat")


def position(server: Server) -> int:
    answer = httpx.post(f"{server.base_url}/chat/completions", json=BODY, timeout=PATIENCE)
    return int(answer.headers["X-LLMSim-Position"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    script = write_script(tmp_path / "s.json", *numbered(50))
    with Server(tmp_path, script, "--pid", str(tmp_path / "pid")) as running:
        yield running


@contextmanager
def new_master(server: Server) -> Iterator[psutil.Process]:
    """A second master that serves beside the first; it is ended in the end."""
    start = len(server.log())
    server.process.send_signal(signal.SIGUSR2)
    server.wait_for_log("continuing at position", start=start)
    server.wait_for_log("Booting worker", start=start)
    master = psutil.Process(int((server.tmp_path / "pid.2").read_text()))
    try:
        yield master
    finally:
        if master.is_running():
            master.send_signal(signal.SIGTERM)
            master.wait(20)


def test_a_new_master_that_ends_first_leaves_the_state_to_the_old_one(server: Server) -> None:
    assert position(server) == 0
    with new_master(server) as master:
        assert position(server) == 1
        master.send_signal(signal.SIGTERM)
        master.wait(20)
        assert len(server.state_dirs()) == 1
        assert [position(server) for _ in range(3)] == [2, 3, 4]
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)
    assert server.state_dirs() == []


def test_a_new_master_that_cannot_start_leaves_the_state_to_the_old_one(tmp_path: Path) -> None:
    config = tmp_path / "llmsim.toml"
    config.write_text("[store]\nmax_sessions = 10\n", "utf-8")
    script = write_script(tmp_path / "s.json", *numbered(50))
    with Server(tmp_path, script, LLMSIM_CONFIG=str(config)) as server:
        assert position(server) == 0
        config.write_text("[store]\nmax_sessions = 20\n", "utf-8")
        server.process.send_signal(signal.SIGUSR2)
        server.wait_for_log("cannot start: .* was made for 10 sessions")
        assert [position(server) for _ in range(3)] == [1, 2, 3]


def test_a_new_master_leaves_alone_what_the_old_ones_workers_are_writing(server: Server) -> None:
    (directory,) = server.state_dirs()
    writing = directory / f"script-00000000000000ab.json.{os.getpid()}.part"
    writing.write_bytes(b"half writ")
    with new_master(server):
        assert writing.read_bytes() == b"half writ"
