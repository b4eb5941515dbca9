"""The verdict on many sessions at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.verdict.summary import Counts, Summary
from tests.conftest import MakeClient
from tests.running import ROOT
from tests.verdict.agents import CALL, SAY, Agent, put

SENT: dict[str, Any] = {**SAY, "expect": {"last_contains": "sent"}}


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(CALL, SENT, on_exhausted="error", max_sessions=1000)


def summary(client: FlaskClient, **asked: Any) -> Summary:
    response = client.get("/llmsim/verdict", query_string=asked)
    assert response.status_code == 200, response.data
    return Summary.read(response.get_json())


def play(client: FlaskClient, session: str, result: str = "sent", steps: int = 2) -> None:
    agent = Agent(client, session)
    for _ in range(steps):
        agent.step(result)


def test_of_200_sessions_just_the_wrong_ones_are_named_with_their_first_reason(
    client: FlaskClient,
) -> None:
    wrong, early = {3, 50, 51, 99, 120, 150, 199}, {0, 77, 180}
    for user in range(200):
        result = "lost" if user in wrong else "sent"
        play(client, f"agent-{user}", result, 1 if user in early else 2)
    found = summary(client)
    assert (found.passed, found.complete) == (False, True)
    assert found.counts == Counts(passed=190, failed=10)
    kinds = {each.session: each.reason.kind for each in found.page if each.reason}
    assert kinds == {f"agent-{user}": "unmet" for user in wrong} | {
        f"agent-{user}": "stopped" for user in early
    }


def test_sessions_that_never_began_are_counted_and_pass_nothing(client: FlaskClient) -> None:
    assert str(summary(client)) == "FAILED: there is no session"
    assert str(summary(client, prefix="shop-")) == (
        "FAILED: no session has a name that begins with 'shop-'"
    )
    play(client, "a")
    assert summary(client).passed
    client.post("/llmsim/sessions", json={"name": "b"})
    found = summary(client)
    assert not found.passed
    assert found.counts == Counts(passed=1, never_began=1)
    assert [each.session for each in found.page] == ["b"]


def test_its_text_is_the_one_that_the_readme_shows(client: FlaskClient) -> None:
    for user in range(200):
        play(client, f"shop-{user}", "lost" if user == 3 else "sent", 1 if user == 17 else 2)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"```text\n{summary(client)}\n```" in readme


def test_a_prefix_chooses_and_scripts_are_groups(client: FlaskClient) -> None:
    play(client, "a-1")
    play(client, "a-2", steps=1)
    put(client, SAY, session="a-3")
    play(client, "a-3", steps=1)
    play(client, "b-1", steps=1)
    found = summary(client, prefix="a-", group="script")
    assert found.counts == Counts(passed=2, failed=1)
    assert found.groups == {"default": Counts(passed=1, failed=1), "own": Counts(passed=1)}
    assert summary(client, prefix="a-").groups == {}


def test_sessions_of_a_mix_are_grouped_by_the_scripts_that_they_played(client: FlaskClient) -> None:
    for name, turns in (("buy", [CALL, SENT]), ("leave", [SAY])):
        script = {"turns": turns, "on_exhausted": "error"}
        assert client.put(f"/llmsim/scripts/{name}", json=script).status_code == 200
    play(client, "buy-1")
    play(client, "buy-2", "lost")
    play(client, "leave-1", steps=1)
    client.post("/llmsim/sessions", json={"name": "buy-3"})
    client.post("/llmsim/sessions", json={"name": "x", "script": "buy"})
    assert summary(client, group="script").groups == {
        "buy": Counts(passed=1, failed=1, never_began=1),
        "leave": Counts(passed=1),
        "default": Counts(never_began=1),
    }


def test_failed_sessions_are_paged_and_all_can_be_listed(client: FlaskClient) -> None:
    for user in range(5):
        play(client, f"a{user}", steps=2 if user == 2 else 1)
    listed: list[str] = []
    after: int | None = 0
    while after is not None:
        page = summary(client, after=after, limit=3)
        assert page.counts.failed == 4
        listed += [each.session for each in page.page]
        after = page.next
    assert sorted(listed) == ["a0", "a1", "a3", "a4"]
    whole = {each.session: each.passed for each in summary(client, sessions="all").page}
    assert whole == {f"a{user}": user == 2 for user in range(5)}


def test_a_session_by_history_is_one_with_its_failed_conversations(client: FlaskClient) -> None:
    put(client, CALL, SENT, order="history")
    for result in ("sent", "lost", "lost"):
        play(client, "a", result)
    (listed,) = summary(client).page
    assert listed.reason is not None
    assert (listed.session, listed.reason.kind, listed.reasons_found) == ("a", "unmet", 2)
    assert str(listed.conversation).startswith("call_llmsim_")


def test_a_journal_that_lacks_requests_is_said(make_client: MakeClient) -> None:
    client = make_client(SAY, journal_mode="off")
    play(client, "a", steps=1)
    found = summary(client)
    assert (found.passed, found.complete, found.counts.incomplete) == (False, False, 1)
