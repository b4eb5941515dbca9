"""The verdict on a session that plays by arrival."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.playback.stored import outline_in, outline_of
from tests.conftest import MakeClient
from tests.verdict.agents import APIS, CALL, ERROR, LONG, SAY, Agent, put, verdict, why


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    made = make_client(SAY)
    put(made, CALL, ERROR, SAY)
    return made


@pytest.mark.parametrize("api", APIS)
def test_who_comes_to_the_last_turn_and_stops_passes(client: FlaskClient, api: str) -> None:
    agent = Agent(client, api=api)
    for _ in range(3):
        agent.step()
    found = verdict(client)
    assert (found.passed, found.complete, found.reasons, found.findings) == (True, True, (), ())
    (track,) = found.tracks
    assert (track.name, track.taken, track.turns, track.finished) == ("main", 3, 3, True)
    assert str(found) == "session a: passed: 3 of 3 turns taken"


def test_who_stops_before_the_last_turn_fails(client: FlaskClient) -> None:
    agent = Agent(client)
    agent.step()
    agent.step()
    found = verdict(client)
    assert not found.passed
    assert why(found) == [("stopped", None)]
    assert str(found) == (
        "session a: FAILED: 2 of 3 turns taken\n"
        "  stopped after turn 1: never came to turn 2, the last one"
    )


def test_a_request_after_the_end_fails_and_is_shown(client: FlaskClient) -> None:
    agent = Agent(client)
    for _ in range(3):
        agent.step()
    agent.history.append({"role": "user", "content": "One more?"})
    agent.step()
    found = verdict(client)
    assert why(found) == [("past_end", 3)]
    assert str(found) == (
        "session a: FAILED: 3 of 3 turns taken\n"
        "  position 3: a request came after the last turn: its last message (role 'user'): "
        "'One more?'."
    )


def test_who_leaves_before_the_end_of_the_last_answer_fails(client: FlaskClient) -> None:
    put(client, SAY, LONG)
    agent = Agent(client)
    agent.step()
    agent.leave()
    found = verdict(client)
    assert (why(found), found.aborted) == ([("aborted", None)], 1)
    assert str(found) == (
        "session a: FAILED: 2 of 2 turns taken; 1 request aborted\n"
        "  the client left before the end of turn 1, its last answer"
    )


def test_an_answer_that_was_cut_and_asked_for_again_is_in_order(client: FlaskClient) -> None:
    put(client, LONG, SAY)
    agent = Agent(client)
    agent.leave()
    agent.step()
    found = verdict(client)
    assert (found.passed, found.aborted) == (True, 1)


def test_more_requests_are_in_order_where_the_script_goes_on(client: FlaskClient) -> None:
    put(client, SAY, on_exhausted="repeat_last")
    for _ in range(3):
        Agent(client).ask()
    assert verdict(client).passed


TITLE = {"name": "title", "when": {"system_contains": "title"}, "turns": [SAY, SAY]}


def test_each_track_that_began_must_come_to_its_last_turn(client: FlaskClient) -> None:
    other = {"name": "other", "when": {"system_contains": "other"}, "turns": [SAY]}
    put(client, SAY, tracks=[TITLE, other])
    Agent(client).step()
    side = Agent(client)
    side.history.insert(0, {"role": "system", "content": "title"})
    side.ask()
    found = verdict(client)
    assert [(each.name, each.taken, each.finished) for each in found.tracks] == [
        ("main", 1, True),
        ("title", 1, False),
    ]
    assert str(found) == (
        "session a: FAILED: 1 of 1 turns taken; 1 of 2 turns taken of track title\n"
        "  track title: stopped after turn 0: never came to turn 1, the last one of title"
    )
    side.ask()
    assert verdict(client).passed


@pytest.mark.parametrize("of_script", [None, True, False])
@pytest.mark.parametrize("of_track", [None, True, False])
def test_who_need_not_finish_passes(
    client: FlaskClient, of_script: bool | None, of_track: bool | None
) -> None:
    put(client, SAY, tracks=[TITLE | {"must_finish": of_track}], must_finish=of_script)
    Agent(client).step()
    side = Agent(client)
    side.history.insert(0, {"role": "system", "content": "title"})
    side.ask()
    must = of_script is not False if of_track is None else of_track
    assert why(verdict(client)) == ([("stopped", None)] if must else [])


def test_a_script_need_not_be_finished_where_it_says_so(client: FlaskClient) -> None:
    put(client, SAY, SAY, must_finish=False)
    Agent(client).step()
    assert verdict(client).passed


@pytest.mark.parametrize("released", [True, False])
def test_a_gate_that_nobody_releases_fails(client: FlaskClient, released: bool) -> None:
    put(client, {**SAY, "gate": {"name": "door", "max_hold_s": 0.1}})
    if released:
        client.post("/llmsim/sessions/a/gates/door/release", json={})
    Agent(client).step()
    found = verdict(client)
    assert why(found) == ([] if released else [("gate", 0)])
    assert ("the gate 'door' was not released within 0.1 s" in str(found)) is not released


def test_what_the_real_api_would_refuse_counts_once(client: FlaskClient) -> None:
    put(client, SAY, SAY, SAY)
    agent = Agent(client)
    agent.history.append({"role": "tool", "tool_call_id": "call_a", "content": "x"})
    for _ in range(3):
        agent.step()
    found = verdict(client)
    assert (why(found), found.reasons_found) == ([("violation", 0)], 1)
    assert "result_without_call: message 1: " in str(found)


@pytest.mark.parametrize("word", ["report", "off"])
def test_what_a_reason_says_better_is_no_finding(client: FlaskClient, word: str) -> None:
    put(client, CALL, SAY, protocol=word)
    agent = Agent(client)
    agent.step()
    agent.history.pop()  # the result
    agent.history.append({"role": "user", "content": "And?"})
    agent.step()
    found = verdict(client)
    kinds = [reason.kind for reason in found.reasons] + [each.kind for each in found.findings]
    assert kinds == ["violation" if word == "report" else "unanswered_call"]


def test_what_must_be_finished_is_known_without_reading_the_turns() -> None:
    for of_script in (None, True, False):
        for of_track in (None, True, False):
            tracks = [TITLE | {"must_finish": of_track}]
            spec = {"turns": [SAY], "tracks": tracks, "must_finish": of_script}
            script = Script.from_spec(spec)
            assert outline_in(script.canonical()) == outline_of(script)


def test_reasons_are_counted_and_the_first_are_kept(client: FlaskClient) -> None:
    put(client, SAY)
    for _ in range(150):
        Agent(client).ask()
    found = verdict(client)
    assert (found.reasons_found, len(found.reasons)) == (149, 100)
    assert str(found).splitlines()[11] == "  and 139 more reasons"


def test_a_session_that_nobody_asked_fails(client: FlaskClient) -> None:
    found = verdict(client)
    assert not found.passed
    assert why(found) == [("never_began", None)]
    assert client.get("/llmsim/sessions/nobody/verdict").status_code == 404


def test_only_the_generation_that_plays_is_judged(client: FlaskClient) -> None:
    Agent(client).step()
    assert not verdict(client).passed
    put(client, SAY)
    Agent(client).step()
    found = verdict(client)
    assert (found.passed, found.requests) == (True, 1)


def test_a_journal_that_was_off_has_nothing_to_judge_by(make_client: MakeClient) -> None:
    client = make_client(SAY, journal_mode="off")
    Agent(client, "default").step()
    found = verdict(client, "default")
    assert (found.passed, found.complete, found.unrecorded) == (False, False, 1)
    assert why(found) == [("unrecorded", None)]
    assert str(found).endswith("dropped (journal.max_mb), or not kept (journal.mode)")


def test_a_journal_without_bodies_is_enough(make_client: MakeClient) -> None:
    client = make_client(SAY, SAY, journal_mode="meta")
    agent = Agent(client, "default")
    agent.step()
    assert why(verdict(client, "default")) == [("stopped", None)]
    agent.step()
    assert verdict(client, "default").passed


def test_findings_are_told_and_fail_nothing(client: FlaskClient) -> None:
    put(client, CALL)
    Agent(client).ask(tools=None)
    found = verdict(client)
    assert found.passed
    (finding,) = found.findings
    assert (finding.kind, finding.count, finding.position) == ("unoffered_tool", 1, 0)
    assert str(found).splitlines()[1] == (
        "  note: unoffered_tool: position 0: the script calls 'bash'; the request offers no tool"
    )
