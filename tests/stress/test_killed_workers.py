"""Workers that are killed while they serve: a turn can be lost with its request, and none comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import numbered, write_script
from tests.stress.clients import Crowd, ask_once, assert_texts_are_positions
from tests.stress.proofs import assert_in_order, assert_none_twice, lost
from tests.stress.servers import stressed_server
from tests.stress.trouble import again_and_again, kill_a_worker

# Fewer without preload: a worker that has to import everything is often killed before it has served anybody.
RUNS = [("gevent", "true", 1_500), ("gevent", "false", 500), ("gthread", "true", 3_000), ("sync", "true", 3_000)]


@pytest.mark.parametrize(("worker_class", "preload", "turns"), RUNS)
def test_a_killed_worker_repeats_no_turn_and_loses_only_those_of_failed_requests(tmp_path: Path, worker_class: str, preload: str, turns: int) -> None:
    script = write_script(tmp_path / "script.json", *numbered(turns), on_exhausted="error")
    with stressed_server(tmp_path, script, worker_class, LLMSIM_PRELOAD=preload) as server:
        crowd = Crowd(lambda: server.origin)
        with again_and_again(lambda: kill_a_worker(server), 0.05, 0.1) as kills:
            crowd.run()
        after = ask_once(server.origin)
    assert kills.number >= 5
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_texts_are_positions(crowd.answers, turns)
    assert_none_twice(crowd.taken)
    assert turns - len(crowd.taken) <= crowd.failures
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
    assert after.text is None
    assert after.taken.position >= turns
