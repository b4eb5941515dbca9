"""The verdict on a session in which many conversations play by history."""

from __future__ import annotations

import random
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.verdict.model import AtStep, Served
from llmsim.verdict.plan import Line
from llmsim.verdict.run import Run
from tests.conftest import MakeClient
from tests.verdict.agents import (
    APIS,
    CALL,
    ERROR,
    LONG,
    SAY,
    USER,
    Agent,
    appended,
    put,
    verdict,
    why,
)

SENT: dict[str, Any] = {**SAY, "expect": {"last_contains": "sent"}}


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    made = make_client(SAY)
    put(made, CALL, ERROR, SENT, order="history")
    return made


def play(client: FlaskClient, api: str, users: int, wrong: set[int], early: set[int]) -> list[str]:
    """All users at once; the ids of the conversations of those that do wrong or stop early."""
    agents = [Agent(client, api=api) for _ in range(users)]
    bad: list[str] = []
    for turn in range(3):
        for user, agent in enumerate(agents):
            if turn and user in early:
                continue
            response = agent.step("lost" if user in wrong else "sent")
            if turn == 0 and user in wrong | early:
                payload = response.get_json()
                bad.append(str(first_call(api, payload)))
    return bad


def first_call(api: str, payload: Any) -> Any:
    if api == "chat":
        return payload["choices"][0]["message"]["tool_calls"][0]["id"]
    if api == "anthropic":
        return payload["content"][0]["id"]
    return payload["output"][0]["call_id"]


@pytest.mark.parametrize("api", APIS)
def test_of_many_conversations_just_the_wrong_ones_are_named(client: FlaskClient, api: str) -> None:
    users = 200 if api == "chat" else 20
    chosen = random.Random(7).sample(range(users), 10)
    wrong, early = set(chosen[:7]), set(chosen[7:])
    bad = play(client, api, users, wrong, early)
    found = verdict(client)
    conversations = found.conversations
    assert conversations is not None
    assert not found.passed
    assert (conversations.began, conversations.ended) == (users, users - 3)
    assert (conversations.failed, conversations.aborted) == (10, 0)
    assert conversations.stopped == (AtStep(0, 3),)
    assert conversations.came == (Served(0, users), Served(1, users - 3, errors=users - 3))
    assert [each.conversation for each in conversations.page] == bad
    kinds = {each.conversation: each.reasons[0].kind for each in conversations.page}
    assert sorted(kinds.values()) == ["stopped"] * 3 + ["unmet"] * 7
    assert conversations.without_id == ()


@pytest.mark.parametrize(("count", "told"), [(1, "1 conversation"), (3, "3 conversations")])
def test_a_conversation_that_is_in_order_passes(client: FlaskClient, count: int, told: str) -> None:
    assert play(client, "chat", count, set(), set()) == []
    found = verdict(client)
    assert (found.passed, found.complete, found.reasons) == (True, True, ())
    assert str(found) == f"session a: passed: {told}: {count} ended"


def test_the_text_says_who_did_what_wrong(client: FlaskClient) -> None:
    wrong, early = play(client, "chat", 4, {1}, {2})
    assert str(verdict(client)) == (
        "session a: FAILED: 4 conversations: 2 failed, 3 ended, 1 stopped at step 0\n"
        f"  {wrong}: position 8, turn 2: expected last_contains: a text that contains "
        '"sent"; found "lost"\n'
        f"  {early}: stopped after turn 0 (step 0): never came to turn 2, the last one"
    )


def test_failed_conversations_are_paged_and_all_can_be_listed(client: FlaskClient) -> None:
    bad = play(client, "chat", 6, {1, 2, 4}, set())
    listed: list[str] = []
    after: int | None = 0
    while after is not None:
        page = verdict(client, after=after, limit=2).conversations
        assert page is not None
        assert len(page.page) <= 2
        assert page.failed == 3
        listed += [each.conversation for each in page.page]
        after = page.next
    assert listed == bad
    whole = verdict(client, conversations="all").conversations
    assert whole is not None
    assert [each.passed for each in whole.page] == [True, False, False, True, False, True]


def test_conversations_without_made_ids_are_counted_by_step_only(client: FlaskClient) -> None:
    put(client, ERROR, SAY, SAY, order="history")
    for _ in range(2):
        agent = Agent(client)
        agent.step()
        agent.step()
    found = verdict(client)
    conversations = found.conversations
    assert conversations is not None
    assert conversations.began == 0
    assert conversations.without_id == (Served(0, 4, errors=2),)
    assert "counted by step only" in str(found)


def test_what_is_wrong_without_an_id_still_fails_the_session(client: FlaskClient) -> None:
    put(client, {**SAY, "expect": {"last_contains": "sent"}}, order="history")
    Agent(client).step()
    found = verdict(client)
    assert not found.passed
    assert why(found) == [("unmet", 0)]


def test_a_conversation_whose_last_answer_was_not_taken_whole_was_aborted(
    client: FlaskClient,
) -> None:
    put(client, CALL, LONG, order="history")
    agents = [Agent(client) for _ in range(2)]
    for agent in agents:
        agent.step()
        agent.leave()
    agents[1].step()  # it asks again
    conversations = verdict(client).conversations
    assert conversations is not None
    assert (conversations.ended, conversations.aborted, conversations.failed) == (1, 1, 1)
    (failed,) = conversations.page
    assert (failed.state, failed.step) == ("aborted", 1)
    assert [reason.kind for reason in failed.reasons] == ["aborted"]


def test_which_answer_is_the_last_hangs_on_when_it_was_asked_for() -> None:
    run = Run(Line("main", 2, True, True))
    least: dict[str, Any] = {"turn": 0, "step": 0, "status": 200}
    run.add({**least, "time": 2.0, "outcome": "completed"})
    run.add({**least, "time": 1.0, "outcome": "client_gone"})  # it took longer
    assert run.state == "stopped"
    run.add({**least, "time": 3.0, "outcome": "client_gone"})
    assert run.state == "aborted"


def test_a_request_after_the_end_is_the_conversation_s(client: FlaskClient) -> None:
    agent = Agent(client)
    for _ in range(3):
        agent.step("sent")
    agent.history.append(USER)
    agent.step()
    conversations = verdict(client).conversations
    assert conversations is not None
    (failed,) = conversations.page
    assert (failed.state, failed.reasons[0].kind, failed.reasons[0].position) == (
        "ended",
        "past_end",
        3,
    )


def began(client: FlaskClient) -> tuple[int, int, bool]:
    """How many conversations began and ended, and whether the verdict passes."""
    found = verdict(client)
    assert found.conversations is not None
    return found.conversations.began, found.conversations.ended, found.passed


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_requests_that_send_what_is_new_alone_are_of_the_conversation_that_they_go_on_with(
    client: FlaskClient, api: str
) -> None:
    put(client, CALL, ERROR, SAY, CALL, SAY, order="history")
    agents = [Agent(client, api=api) for _ in range(3)]
    newest: dict[Agent, dict[str, Any]] = {}
    for _ in range(5):
        for agent in agents:
            response = agent.ask(**newest.get(agent, {}))
            if response.status_code == 200:
                payload = response.get_json()
                newest[agent] = {"previous_response_id": payload["id"]}
                results = appended(api, payload, "ok")[len(payload["output"]) :]
                agent.history = results or [USER]
    assert began(client) == (3, 3, True)
    conversations = verdict(client, conversations="all").conversations
    assert conversations is not None
    for limit in (1, 2, 100):
        for number, each in enumerate(conversations.page):
            assert positions(client, each.conversation, limit) == list(range(number, 15, 3))


def positions(client: FlaskClient, conversation: str, limit: int) -> list[int]:
    """Those of the requests of a conversation, read in pages of so many."""
    found: list[int] = []
    since = "0"
    while True:
        asked = {"conversation": conversation, "limit": limit, "since": since}
        page = client.get("/llmsim/sessions/a/requests", query_string=asked).get_json()
        if not page["entries"]:
            return found
        found += [entry["position"] for entry in page["entries"]]
        since = page["next"]


@pytest.mark.parametrize("api", APIS)
def test_a_history_that_was_cut_is_of_the_conversation_that_it_is_the_end_of(
    client: FlaskClient, api: str
) -> None:
    put(client, CALL, CALL, CALL, SAY, order="history")
    agents = [Agent(client, api=api) for _ in range(3)]
    for _ in range(4):
        for agent in agents:
            agent.history = [USER, *agent.history[1:][-2:]]
            agent.step()
    assert began(client) == (3, 3, True)
    (first, *_) = verdict(client, conversations="all").conversations.page  # type: ignore[union-attr]
    assert first.conversation.split("_")[3] == "0"  # as it began, at position 0


@pytest.mark.parametrize("api", APIS)
def test_conversations_whose_client_keeps_texts_alone_go_on_without_an_id(
    client: FlaskClient, api: str
) -> None:
    put(client, CALL, SAY, {**SAY, "text": "Bye."}, order="history")
    agents = [Agent(client, api=api) for _ in range(3)]
    for agent in agents:
        agent.step()
        agent.step()
        agent.history = [USER, {"role": "assistant", "content": SAY["text"]}, USER]
    for agent in agents[1:]:
        agent.step()
    assert not verdict(client).passed
    agents[0].step()
    assert verdict(client).passed


def test_a_conversation_that_goes_on_in_another_track_is_one_of_its_own_there(
    client: FlaskClient,
) -> None:
    helper = {"name": "helper", "when": {"system_contains": "help"}, "turns": [CALL, SAY]}
    put(client, CALL, CALL, SAY, order="history", tracks=[helper])
    agent = Agent(client)
    for _ in range(3):
        agent.step()
    other = Agent(client)
    other.history = [{"role": "system", "content": "help"}, USER, *agent.history[3:5]]
    other.step()
    assert began(client) == (2, 1, False)
    other.step()
    assert began(client) == (2, 2, True)
