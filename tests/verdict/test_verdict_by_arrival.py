"""The verdict on a session that plays by arrival."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.verdict.agents import APIS, CALL, ERROR, SAY, Agent, put, verdict, why


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


def test_more_requests_are_in_order_where_the_script_goes_on(client: FlaskClient) -> None:
    put(client, SAY, on_exhausted="repeat_last")
    for _ in range(3):
        Agent(client).ask()
    assert verdict(client).passed


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
    assert "journal.max_mb" in str(found)


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
