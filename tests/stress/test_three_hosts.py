"""Three hosts of two workers behind one nginx: together they are one simulator."""

from __future__ import annotations

from pathlib import Path

from tests.running import numbered, write_script
from tests.stress.clients import Answer, Crowd, ask_once, assert_texts_are_positions
from tests.stress.control import control_of
from tests.stress.hosts import DURABLE, three_hosts
from tests.stress.proofs import assert_each_once, assert_in_order, assert_none_twice, lost
from tests.stress.test_many_sessions import SESSIONS, answers_in, make_sessions
from tests.stress.test_many_sessions import TURNS as SESSION_TURNS
from tests.stress.trouble import kill_workers

TURNS = 1_200
LOOP = 100
# nginx: there was no answer, or no host. llmsim: there is no Redis.
FAILING = (502, 503, 504)


def test_every_turn_is_served_once_and_in_order_and_is_in_the_journal(tmp_path: Path) -> None:
    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="error")
    with three_hosts(tmp_path, script) as hosts:
        crowd = Crowd(lambda: hosts.origin)
        crowd.run()
        with control_of(hosts.servers[0].origin, TURNS) as control:
            entries = control.journal("default")
    assert crowd.failures == 0
    assert len({answer.worker for answer in crowd.answers}) == 6
    assert_texts_are_positions(crowd.answers, TURNS)
    assert_each_once(crowd.taken, TURNS)
    assert_in_order(crowd.taken)
    played = [entry for entry in entries if entry["status"] == 200]
    assert sorted(entry["position"] for entry in played) == list(range(TURNS))
    workers = {entry["position"]: entry["worker"] for entry in played}
    assert workers == {answer.taken.position: answer.worker for answer in crowd.answers}


def test_a_hundred_sessions_play_each_its_own_script_in_order_over_hosts(tmp_path: Path) -> None:
    default = write_script(tmp_path / "script.json", *numbered(1))
    with three_hosts(tmp_path, default) as hosts:
        make_sessions(hosts.origin, "error")
        crowd = Crowd(lambda: hosts.origin, len(SESSIONS), SESSIONS, requests_a_connection=2)
        crowd.run()
    assert crowd.failures == 0
    spread = 0
    for session in SESSIONS:
        found = answers_in(session, crowd)
        assert [answer.taken.position for answer in found] == list(range(SESSION_TURNS))
        spread += len({answer.worker for answer in found}) > 1
    assert spread > len(SESSIONS) / 2, "most sessions were served by one worker alone"


def test_killed_workers_and_a_killed_host_repeat_no_turn(tmp_path: Path) -> None:
    script = write_script(tmp_path / "script.json", *numbered(LOOP), on_exhausted="loop")
    with three_hosts(tmp_path, script) as hosts:
        crowd = Crowd(lambda: hosts.origin, failing=FAILING)
        with crowd.running():
            kill_workers(crowd, 6, 60)
            hosts.kill(1)
            crowd.wait_for(200)
        after = ask_once(hosts.origin)
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_sound([*crowd.answers, after], crowd.failures)


def test_a_killed_redis_that_writes_before_it_answers_repeats_no_turn(tmp_path: Path) -> None:
    script = write_script(tmp_path / "script.json", *numbered(LOOP), on_exhausted="loop")
    with three_hosts(tmp_path, script, *DURABLE) as hosts:
        crowd = Crowd(lambda: hosts.origin, failing=FAILING)
        with crowd.running():
            for _ in range(3):
                crowd.wait_for(100)
                hosts.redis.kill()
                hosts.redis.start()
            crowd.wait_for(200)
        after = ask_once(hosts.origin)
        assert any("has kept everything" in server.log() for server in hosts.servers)
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_sound([*crowd.answers, after], crowd.failures)


def test_a_killed_redis_that_keeps_nothing_begins_a_generation_and_repeats_no_turn_of_the_old_one(
    tmp_path: Path,
) -> None:
    script = write_script(tmp_path / "script.json", *numbered(LOOP), on_exhausted="loop")
    with three_hosts(tmp_path, script) as hosts:
        crowd = Crowd(lambda: hosts.origin, failing=FAILING)
        with crowd.running():
            for _ in range(2):
                crowd.wait_for(100)
                hosts.redis.kill()
                hosts.redis.start()
            crowd.wait_for(200)
    assert len({one.generation for one in crowd.taken}) == 3
    assert_texts_are_positions(crowd.answers, LOOP)
    assert_none_twice(crowd.taken)
    assert_in_order(crowd.taken)


def assert_sound(answers: list[Answer], failures: int) -> None:
    taken = [answer.taken for answer in answers]
    assert len({one.generation for one in taken}) == 1
    assert_texts_are_positions(answers, LOOP)
    assert_none_twice(taken)
    assert_in_order(taken)
    assert lost(taken) <= failures
