"""Sessions that are rewound, or deleted and made again, while they serve.

No position of a generation comes twice, and no answer fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.running import write_script
from tests.stress.clients import Answer, Crowd, ask_once
from tests.stress.control import Control, control_of
from tests.stress.named_scripts import named, names_by_generation
from tests.stress.proofs import (
    assert_generations_never_return,
    assert_in_order,
    assert_none_twice,
    lost,
)
from tests.stress.servers import stressed_server

TURNS = 50
RESETS = 9
DELETIONS = 9


def assert_exact(answers: Sequence[Answer]) -> None:
    taken = [answer.taken for answer in answers]
    assert_none_twice(taken)
    assert lost(taken) == 0
    assert_in_order(taken)
    assert_generations_never_return(taken)


def test_a_session_that_is_reset_under_load_repeats_and_loses_nothing(tmp_path: Path) -> None:
    default = write_script(tmp_path / "script.json", *named("default", TURNS), on_exhausted="loop")
    with (
        stressed_server(tmp_path, default, "gthread") as server,
        control_of(server.origin, TURNS) as control,
    ):
        resets = [control.put_script("reset", "own")]
        crowd = Crowd(lambda: server.origin, sessions=("reset",))
        with crowd.running():
            for number in range(RESETS):
                crowd.wait_for(20 if number % 3 else 0)
                resets.append(control.reset("reset", "own"))
                after = ask_once(server.origin, "reset")
                assert after.taken.generation == resets[-1].generation
                crowd.add(after)
        journal = control.journal("reset")
    assert crowd.failures == 0
    assert names_by_generation(crowd.answers, TURNS) == {
        reset.generation: "own" for reset in resets
    }
    assert_exact(crowd.answers)
    last = sorted(one.position for one in crowd.taken if one.generation == resets[-1].generation)
    assert sorted(entry["position"] for entry in journal) == last


def delete_and_make_again(control: Control, session: str, number: int) -> None:
    """Delete a session; its clients' requests, a POST or a PUT make it again, by turns."""
    control.delete(session)
    if number % 3 == 1:
        control.create_or_find(session, f"made {number}")
    elif number % 3 == 2:
        control.put_script(session, f"put {number}")


@pytest.mark.parametrize("worker_class", ["gevent", "gthread"])
def test_a_session_that_is_deleted_and_made_again_under_load_repeats_and_loses_nothing(
    tmp_path: Path, worker_class: str
) -> None:
    default = write_script(tmp_path / "script.json", *named("default", TURNS), on_exhausted="loop")
    with (
        stressed_server(tmp_path, default, worker_class) as server,
        control_of(server.origin, TURNS) as control,
    ):
        control.create("deleted", "first")
        crowd = Crowd(lambda: server.origin, sessions=("deleted",))
        over: set[int] = set()
        with crowd.running():
            for number in range(DELETIONS):
                crowd.wait_for(20)
                over.add(control.generation("deleted"))
                delete_and_make_again(control, "deleted", number)
                after = ask_once(server.origin, "deleted")
                assert after.taken.generation not in over, "a deleted session came back"
                crowd.add(after)
        journal = control.journal("deleted")
        current = control.generation("deleted")
    assert crowd.failures == 0
    kinds = {name.partition(" ")[0] for name in names_by_generation(crowd.answers, TURNS).values()}
    assert kinds - {"made"} == {"first", "default", "put"}, (
        "a POST comes mostly after a request that made the session"
    )
    assert_exact(crowd.answers)
    last = sorted(one.position for one in crowd.taken if one.generation == current)
    assert sorted(entry["position"] for entry in journal) == last
