"""A hundred sessions at once over four workers.

Each plays its own script from its first turn to its last, whatever happens to the workers.
"""

from __future__ import annotations

from pathlib import Path

from tests.running import numbered, write_script
from tests.stress.clients import Answer, Crowd
from tests.stress.control import control_of
from tests.stress.named_scripts import names_by_generation
from tests.stress.proofs import assert_none_twice, lost
from tests.stress.servers import stressed_server
from tests.stress.trouble import kill_workers

SESSIONS = [f"agent-{number}" for number in range(100)]
TURNS = 8


def make_sessions(origin: str, on_exhausted: str) -> None:
    with control_of(origin, TURNS, on_exhausted) as control:
        for session in SESSIONS:
            control.create(session, session)


def crowd_in_sessions(origin: str) -> Crowd:
    # Connections that are soon done with, so that a session's requests come to several workers.
    return Crowd(lambda: origin, len(SESSIONS), SESSIONS, requests_a_connection=2)


def answers_in(session: str, crowd: Crowd) -> list[Answer]:
    """What the session's client got, in the order in which it got it.

    Every text is of this session and its position.
    """
    found = [answer for answer in crowd.answers if answer.session == session]
    assert set(names_by_generation(found, TURNS).values()) <= {session}
    assert len({answer.taken.generation for answer in found}) <= 1
    return found


def test_each_session_plays_its_own_script_in_order(tmp_path: Path) -> None:
    default = write_script(tmp_path / "script.json", *numbered(1))
    with stressed_server(tmp_path, default, "gevent") as server:
        make_sessions(server.origin, "error")
        crowd = crowd_in_sessions(server.origin)
        crowd.run()
    assert crowd.failures == 0
    assert len({answer.worker for answer in crowd.answers}) == 4
    spread = 0
    for session in SESSIONS:
        found = answers_in(session, crowd)
        assert [answer.taken.position for answer in found] == list(range(TURNS))
        spread += len({answer.worker for answer in found}) > 1
    assert spread > len(SESSIONS) / 2, "most sessions were served by one worker alone"
    assert len({answer.taken.generation for answer in crowd.answers}) == len(SESSIONS)


def test_killed_workers_repeat_no_turn_of_any_session_and_lose_only_those_of_its_failed_requests(
    tmp_path: Path,
) -> None:
    default = write_script(tmp_path / "script.json", *numbered(1))
    with stressed_server(tmp_path, default, "gevent") as server:
        make_sessions(server.origin, "loop")
        crowd = crowd_in_sessions(server.origin)
        with crowd.running():
            kill_workers(crowd, 10, every=len(SESSIONS) // 2)
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_none_twice(crowd.taken)
    for session in SESSIONS:
        taken = [answer.taken for answer in answers_in(session, crowd)]
        assert taken == sorted(taken, key=lambda one: one.position)
        assert lost(taken) <= crowd.failures_in(session)
