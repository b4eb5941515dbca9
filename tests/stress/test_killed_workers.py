"""Workers that are killed while they serve: a turn can be lost with its request, and none comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import Server, numbered, write_script
from tests.stress.clients import REQUESTS, Client, Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_in_order, assert_none_twice, lost
from tests.stress.trouble import again_and_again, kill_a_worker

TURNS = 3_000


@pytest.mark.parametrize(
    ("worker_class", "preload"), [("gevent", "true"), ("gevent", "false"), ("gthread", "true"), ("sync", "true")], ids=lambda value: value
)
def test_a_killed_worker_repeats_no_turn_and_loses_only_those_of_failed_requests(tmp_path: Path, worker_class: str, preload: str) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    variables = {"LLMSIM_WORKER_CLASS": worker_class, "LLMSIM_PRELOAD": preload, "LLMSIM_WORKERS": "4", "LLMSIM_THREADS": "16"}
    with Server(tmp_path, script, **variables) as server:
        crowd = Crowd(lambda: server.origin)
        with again_and_again(lambda: kill_a_worker(server), 0.05, 0.1) as kills:
            crowd.run()
        after = Client(lambda: server.origin).ask(REQUESTS[0])
    assert kills.number >= 5
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_texts_are_positions(crowd.answers)
    assert_none_twice(crowd.taken)
    assert TURNS - len(crowd.taken) <= crowd.failures
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
    assert after.text is None
    assert after.taken.position >= TURNS
