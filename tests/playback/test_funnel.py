"""How often each turn was served, told from counters and places alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.script.exhausted import ON_EXHAUSTED, times_served
from tests.conftest import MakeClient
from tests.verdict.agents import CALL, ERROR, SAY, Agent, put


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(SAY, journal_mode="off")


def steps(client: FlaskClient, **asked: Any) -> dict[str, Any]:
    response = client.get("/llmsim/sessions/a/steps", query_string=asked)
    assert response.status_code == 200, response.data
    found: dict[str, Any] = response.get_json()
    return found


def served(client: FlaskClient, track: int = 0) -> list[int]:
    return [row["served"] for row in steps(client)["tracks"][track]["rows"]]


def test_by_history_each_conversation_counts_at_each_step_and_error(client: FlaskClient) -> None:
    put(client, CALL, ERROR, SAY, ERROR, order="history")
    agents = [Agent(client) for _ in range(5)]
    for turn in range(4):
        for number, agent in enumerate(agents):
            if turn <= number:  # one stops after each turn
                agent.step()
    (track,) = steps(client)["tracks"]
    assert track["rows"] == [
        {"turn": 0, "step": 0, "type": "tool_calls", "served": 5},
        {"turn": 1, "step": 1, "type": "error", "served": 4},
        {"turn": 2, "step": 1, "type": "assistant", "served": 3},
        {"turn": 3, "step": 2, "type": "error", "served": 2},
    ]
    assert (track["name"], track["order"], track["exhausted"]) == ("main", "history", 0)
    assert steps(client)["exact"]


def test_a_turn_that_is_asked_for_again_counts_again(client: FlaskClient) -> None:
    put(client, CALL, ERROR, SAY, order="history")
    agent = Agent(client)
    agent.step()
    for _ in range(3):
        agent.ask()
    assert served(client) == [1, 1, 2]
    agent.step()
    agent.history.append({"role": "user", "content": "And?"})
    agent.step()
    assert served(client) == [1, 1, 3]
    assert steps(client)["tracks"][0]["exhausted"] == 1


@pytest.mark.parametrize("retry", [None, "1"])
def test_errors_that_conversations_share_are_counted_as_they_come(
    client: FlaskClient, retry: str | None
) -> None:
    put(client, ERROR, CALL, order="history")
    agent = Agent(client)
    statuses = [agent.ask().status_code for _ in range(4)]
    statuses += [agent.ask({"x-stainless-retry-count": "1"}).status_code] if retry else []
    errors = statuses.count(429)
    assert served(client) == [errors, len(statuses) - errors]


@pytest.mark.parametrize("word", ON_EXHAUSTED)
def test_by_arrival_the_place_says_it(client: FlaskClient, word: str) -> None:
    put(client, CALL, ERROR, SAY, on_exhausted=word)
    for _ in range(8):
        Agent(client).ask()
    expected = {"repeat_last": [1, 1, 6], "error": [1, 1, 1], "loop": [3, 3, 2]}
    (track,) = steps(client)["tracks"]
    assert [row["served"] for row in track["rows"]] == expected[word]
    assert [row["step"] for row in track["rows"]] == [None] * 3
    assert track["exhausted"] == (5 if word == "error" else 0)


@pytest.mark.parametrize("word", ON_EXHAUSTED)
def test_the_place_says_what_the_turns_of_all_places_add_up_to(word: str) -> None:
    for turns in range(1, 5):
        for place in range(12):
            got = [at if at < turns else ON_EXHAUSTED[word](at, turns) for at in range(place)]
            for turn in (*range(turns), None):
                assert times_served(word, place, turns, turn) == got.count(turn)


def test_where_a_counter_finds_no_room_that_is_said(make_client: MakeClient) -> None:
    client = make_client(SAY, max_sessions=1)
    client.put("/llmsim/sessions/a/script", json={"order": "history", "turns": [SAY] * 9})
    agent = Agent(client)
    for _ in range(9):
        agent.step()
        agent.history.append({"role": "user", "content": "And?"})
    found = steps(client)
    counted = sum(row["served"] for row in found["tracks"][0]["rows"])
    assert (counted, found["exact"]) == (4, False)
    assert client.get("/health").get_json()["uncounted"] == 5


def test_each_track_has_its_own(client: FlaskClient) -> None:
    title = {
        "name": "title",
        "when": {"system_contains": "title"},
        "turns": [SAY],
        "order": "arrival",
    }
    put(client, CALL, SAY, tracks=[title], order="history")
    Agent(client).step()
    for _ in range(2):
        agent = Agent(client)
        agent.history.insert(0, {"role": "system", "content": "title"})
        agent.ask()
    assert [(track["name"], track["order"]) for track in steps(client)["tracks"]] == [
        ("main", "history"),
        ("title", "arrival"),
    ]
    assert served(client) == [1, 0]
    assert served(client, 1) == [1]
    assert steps(client)["tracks"][1]["exhausted"] == 1


def test_a_reset_begins_anew_and_a_long_script_comes_in_pages(client: FlaskClient) -> None:
    put(client, *[SAY] * 5)
    Agent(client).ask()
    first = steps(client, limit=2)
    assert [row["turn"] for row in first["tracks"][0]["rows"]] == [0, 1]
    last = steps(client, after=4, limit=2)
    assert ([row["turn"] for row in last["tracks"][0]["rows"]], last["next"]) == ([4], None)
    assert first["next"] == 2
    assert served(client) == [1, 0, 0, 0, 0]
    client.post("/llmsim/sessions/a/reset")
    assert served(client) == [0] * 5
    assert client.get("/llmsim/sessions/nobody/steps").status_code == 404
