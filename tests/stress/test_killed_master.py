"""A server that is killed outright and started again on its state directory.

Clients go on asking all the while.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import alive, wait_until_gone
from tests.running import numbered, write_script
from tests.stress.clients import Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_in_order, assert_none_twice, lost
from tests.stress.servers import stressed_server

TURNS = 500
RESTARTS = 2


@contextmanager
def orphanage() -> Iterator[list[int]]:
    """A list of workers whose master is dead; those that have not noticed by the end are killed."""
    orphans: list[int] = []
    try:
        yield orphans
    finally:
        for pid in filter(alive, orphans):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_positions_go_on_over_a_killed_master_and_none_comes_twice(
    tmp_path: Path, worker_class: str
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="loop")
    state = str(tmp_path / "state")
    with orphanage() as orphans, contextlib.ExitStack() as servers:
        # A new port each time: orphaned workers hold the old one, and may still answer on it, until
        # they notice.
        server = servers.enter_context(
            stressed_server(tmp_path, script, worker_class, LLMSIM_STATE_DIR=state)
        )
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            for _ in range(RESTARTS):
                crowd.wait_for(100)
                orphans.extend(server.worker_pids())
                server.process.kill()
                server.process.wait()
                server = servers.enter_context(
                    stressed_server(tmp_path, script, worker_class, LLMSIM_STATE_DIR=state)
                )
                assert "continuing at position" in server.log()
            crowd.wait_for(100)
        if worker_class != "sync":  # which looks for its master only between two requests
            wait_until_gone(orphans)
    assert_texts_are_positions(crowd.answers, TURNS)
    assert len({one.generation for one in crowd.taken}) == 1
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
