"""Workers that gunicorn replaces while they serve: nothing is lost and nothing comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import by_flag, numbered, write_script
from tests.stress.clients import Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_each_once, assert_in_order
from tests.stress.servers import stressed_server

TURNS = 600
LOOP = 100
RELOADS = 2


@pytest.mark.parametrize("worker_class", ["fast", "gevent", "gthread", "sync"])
def test_workers_that_restart_every_fifty_requests_lose_and_repeat_nothing(
    tmp_path: Path, worker_class: str
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    arguments = (*by_flag(worker_class), "--max-requests", "50")
    with stressed_server(tmp_path, script, "gevent", *arguments) as server:
        crowd = Crowd(lambda: server.origin)
        crowd.run()
        assert server.log().count("Booting worker") > 4
    assert_texts_are_positions(crowd.answers, TURNS)
    assert_each_once(crowd.taken, TURNS)
    assert_in_order(crowd.taken)


@pytest.mark.parametrize(
    ("worker_class", "preload"),
    [("gevent", "true"), ("gevent", "false"), ("gthread", "true"), ("sync", "true")],
    ids=lambda value: value,
)
def test_reloads_of_an_unchanged_script_lose_and_repeat_nothing(
    tmp_path: Path, worker_class: str, preload: str
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(LOOP), on_exhausted="loop")
    with stressed_server(tmp_path, script, worker_class, LLMSIM_PRELOAD=preload) as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            for _ in range(RELOADS):
                crowd.wait_for(60)
                server.reload()
            crowd.wait_for(60)
    assert_texts_are_positions(crowd.answers, LOOP)
    assert_each_once(crowd.taken, len(crowd.taken))
    assert_in_order(crowd.taken)
