"""A server that is killed outright and started again on its state directory, while clients go on asking."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.serving import Server, numbered, write_script
from tests.stress.clients import Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_in_order, assert_none_twice, lost

TURNS = 60_000
RESTARTS = 3


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def still_there_after(pids: Iterable[int], seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, 9)
    return left


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_positions_go_on_over_a_killed_master_and_none_comes_twice(tmp_path: Path, worker_class: str) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS))
    variables = {"LLMSIM_STATE_DIR": str(tmp_path / "state"), "LLMSIM_WORKER_CLASS": worker_class, "LLMSIM_WORKERS": "2", "LLMSIM_THREADS": "16"}
    orphans: list[int] = []
    with contextlib.ExitStack() as stack:
        # A new port each time: orphaned workers hold the old one, and may still answer on it, until they notice.
        server = stack.enter_context(Server(tmp_path, script, **variables))
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            for _ in range(RESTARTS):
                crowd.wait_for(200)
                orphans += server.worker_pids()
                server.process.kill()
                server.process.wait()
                server = stack.enter_context(Server(tmp_path, script, **variables))
                assert "continuing at position" in server.log()
            crowd.wait_for(200)
    assert still_there_after(orphans, 10) == []
    assert_texts_are_positions(crowd.answers)
    assert len({one.generation for one in crowd.taken}) == 1
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
