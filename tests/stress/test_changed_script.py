"""A script that is changed and reloaded under load: each generation plays one script, from its start."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.serving import Server, text, write_script
from tests.stress.clients import REQUESTS, Answer, Client, Crowd
from tests.stress.proofs import assert_generations_never_return, assert_in_order, assert_none_twice, lost

TURNS = 200
RELOADS = 6


def write(path: Path, name: str) -> Path:
    return write_script(path, *(text(f"{name} {index}") for index in range(TURNS)), on_exhausted="loop")


def assert_one_script_a_generation(answers: list[Answer]) -> None:
    scripts = defaultdict(Counter)
    for answer in answers:
        name, _, index = str(answer.text).partition(" ")
        assert int(index) == answer.taken.position % TURNS
        scripts[answer.taken.generation][name] += 1
    mixed = {generation: names for generation, names in scripts.items() if len(names) > 1}
    assert not mixed, f"generations that played two scripts: {mixed}"
    assert len(scripts) == RELOADS + 1


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_no_answer_has_the_text_of_one_script_and_the_generation_of_another(tmp_path: Path, worker_class: str) -> None:
    path = write(tmp_path / "script.json", "A")
    with Server(tmp_path, path, LLMSIM_WORKER_CLASS=worker_class, LLMSIM_WORKERS="4", LLMSIM_THREADS="16") as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            crowd.wait_for(100)
            for name in "BABABA"[:RELOADS]:
                write(path, name)
                server.reload()
                after = Client(lambda: server.origin).ask(REQUESTS[0])
                assert str(after.text).startswith(name), "a request after the reload got the script before it"
                crowd._answers[0].append(after)
                crowd.wait_for(100)
    assert_one_script_a_generation(crowd.answers)
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
    assert_generations_never_return(crowd.taken)
