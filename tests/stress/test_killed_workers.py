"""Workers that are killed while they serve.

A turn can be lost with its request, and none comes twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import numbered, write_script
from tests.stress.clients import Crowd, ask_once, assert_texts_are_positions
from tests.stress.proofs import assert_in_order, assert_none_twice, lost
from tests.stress.servers import stressed_server
from tests.stress.trouble import kill_workers

TURNS = 100
# Fewer answers between kills without preload: a worker has to import everything before it serves
# anybody.
RUNS = [
    ("gevent", "true", 60),
    ("gevent", "false", 20),
    ("gthread", "true", 60),
    ("sync", "true", 60),
]


@pytest.mark.parametrize(("worker_class", "preload", "every"), RUNS)
def test_a_killed_worker_repeats_no_turn_and_loses_only_those_of_failed_requests(
    tmp_path: Path, worker_class: str, preload: str, every: int
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="loop")
    with stressed_server(tmp_path, script, worker_class, LLMSIM_PRELOAD=preload) as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            kill_workers(crowd, 10, every)
        after = ask_once(server.origin)
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_texts_are_positions([*crowd.answers, after], TURNS)
    assert_none_twice(crowd.taken)
    assert_in_order(crowd.taken)
    assert after.taken.position >= len(crowd.taken)
    assert lost([*crowd.taken, after.taken]) <= crowd.failures
