"""A script that is changed and reloaded under load.

Each generation plays one script, from its start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import write_script
from tests.stress.clients import Crowd, ask_once
from tests.stress.named_scripts import named, names_by_generation
from tests.stress.proofs import (
    assert_generations_never_return,
    assert_in_order,
    assert_none_twice,
    lost,
)
from tests.stress.servers import stressed_server

TURNS = 200
RELOADS = "BA"  # what the script is changed to, one after the other


def write(path: Path, name: str) -> Path:
    return write_script(path, *named(name, TURNS), on_exhausted="loop")


@pytest.mark.parametrize("worker_class", ["gevent", "gthread"])
def test_no_answer_has_the_text_of_one_script_and_the_generation_of_another(
    tmp_path: Path, worker_class: str
) -> None:
    path = write(tmp_path / "script.json", "A")
    with stressed_server(tmp_path, path, worker_class) as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            crowd.wait_for(60)
            for name in RELOADS:
                write(path, name)
                server.reload()
                after = ask_once(server.origin)
                assert str(after.text).startswith(name), (
                    "a request after the reload got the script before it"
                )
                crowd.add(after)
                crowd.wait_for(60)
    assert len(names_by_generation(crowd.answers, TURNS)) == len(RELOADS) + 1
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) <= crowd.failures
    assert_in_order(crowd.taken)
    assert_generations_never_return(crowd.taken)
