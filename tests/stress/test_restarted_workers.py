"""Workers that gunicorn replaces while they serve: nothing is lost and nothing comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import Server, numbered, write_script
from tests.stress.clients import Crowd, assert_texts_are_positions
from tests.stress.proofs import assert_each_once, assert_in_order
from tests.stress.trouble import again_and_again

TURNS = 3_000


def assert_exact(crowd: Crowd) -> None:
    assert_texts_are_positions(crowd.answers)
    assert_each_once(crowd.taken, TURNS)
    assert_in_order(crowd.taken)


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_workers_that_restart_every_fifty_requests_lose_and_repeat_nothing(tmp_path: Path, worker_class: str) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    variables = {"LLMSIM_WORKER_CLASS": worker_class, "LLMSIM_WORKERS": "4", "LLMSIM_THREADS": "16"}
    with Server(tmp_path, script, "--max-requests", "50", **variables) as server:
        crowd = Crowd(lambda: server.origin)
        crowd.run()
        assert server.log().count("Booting worker") > 10
    assert_exact(crowd)


@pytest.mark.parametrize(
    ("worker_class", "preload"), [("gevent", "true"), ("gevent", "false"), ("gthread", "true"), ("sync", "true")], ids=lambda value: value
)
def test_reloads_of_an_unchanged_script_lose_and_repeat_nothing(tmp_path: Path, worker_class: str, preload: str) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    variables = {"LLMSIM_WORKER_CLASS": worker_class, "LLMSIM_PRELOAD": preload, "LLMSIM_WORKERS": "4", "LLMSIM_THREADS": "16"}
    with Server(tmp_path, script, **variables) as server:
        crowd = Crowd(lambda: server.origin)
        with again_and_again(server.reload, 0.1, 0.3) as reloads:
            crowd.run()
    assert reloads.number >= 2
    assert_exact(crowd)
