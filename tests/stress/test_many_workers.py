"""Four workers and thirty-two clients: every position once, in order, whatever the worker class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import numbered, write_script
from tests.stress.clients import Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_each_once, assert_in_order
from tests.stress.servers import stressed_server

TURNS = 1_000


@pytest.mark.parametrize(
    ("worker_class", "preload"),
    [("gevent", "true"), ("gthread", "true"), ("sync", "true"), ("gevent", "false")],
    ids=["gevent", "gthread", "sync", "gevent-no_preload"],
)
def test_every_turn_is_served_once_and_in_order(
    tmp_path: Path, worker_class: str, preload: str
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    with stressed_server(tmp_path, script, worker_class, LLMSIM_PRELOAD=preload) as server:
        crowd = Crowd(lambda: server.origin, requests_a_connection=10)
        crowd.run()
    assert crowd.failures == 0
    assert len({answer.worker for answer in crowd.answers}) == 4
    assert_texts_are_positions(crowd.answers, TURNS)
    assert_each_once(crowd.taken, TURNS)
    assert_in_order(crowd.taken)
