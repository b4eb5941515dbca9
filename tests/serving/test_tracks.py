"""Tracks, from outside: what answers, the journal and `/health` say of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to

APIS = ["chat", "responses", "openresponses", "anthropic"]


def says(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "assistant", "text": text} for text in texts]


SIDE: dict[str, Any] = {"name": "side", "when": {"model": "small"}, "turns": says("s0", "s1")}
LATER: dict[str, Any] = {
    "name": "later",
    "when": {"model": "late*"},
    "turns": says("l0"),
    "order": "history",
}


def put(client: FlaskClient, *tracks: dict[str, Any], **keys: Any) -> None:
    script = {"on_exhausted": "error", "tracks": tracks, **keys}
    answer = client.put("/llmsim/sessions/a/script", json=script)
    assert answer.status_code == 200, answer.json


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    made = make_client(*says("default"))
    put(made, SIDE, LATER, turns=says("m0", "m1"))
    return made


def ask(client: FlaskClient, api: str = "chat", model: str = "big", **fields: Any) -> Any:
    body = request_to(api, **{"model": model, **fields})
    response = client.post(f"/s/a{ROUTE_OF[api]}", json=body)
    assert response.data is not None
    return response


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_names_its_track_and_counts_its_turns(
    client: FlaskClient, api: str, stream: bool
) -> None:
    models = ["small", "big", "small", "big", "big"]
    got = [ask(client, api, model, stream=stream) for model in models]
    names = ("X-LLMSim-Track", "X-LLMSim-Turn", "X-LLMSim-Position")
    assert [tuple(each.headers.get(name) for name in names) for each in got] == [
        ("side", "0", "0"),
        ("main", "0", "1"),
        ("side", "1", "2"),
        ("main", "1", "3"),
        ("main", None, "4"),
    ]
    assert [each.status_code for each in got] == [200, 200, 200, 200, 500]
    said = [entry["answer"].get("blocks") for entry in entries(client)]
    assert [blocks and blocks[0]["text"] for blocks in said] == ["s0", "m0", "s1", "m1", None]


def test_streams_of_two_tracks_are_not_mixed_up_when_they_are_filled_in(
    client: FlaskClient,
) -> None:
    put(client, SIDE, turns=says("m0"), on_exhausted="loop")
    for _ in range(4):
        for model, start in (("small", b"s"), ("big", b"m")):
            streamed = ask(client, model=model, stream=True)
            assert b'"content":"' + start in streamed.data


def test_a_script_without_tracks_has_no_such_header(client: FlaskClient) -> None:
    answer = client.post(ROUTE_OF["chat"], json=request_to("chat"))
    assert "X-LLMSim-Track" not in answer.headers


def test_entries_name_the_track_and_can_be_chosen_by_it(client: FlaskClient) -> None:
    for model in ("small", "big", "later"):
        ask(client, model=model)
    client.get("/s/a/openai/v1/models")
    assert [entry["track"] for entry in entries(client)] == ["side", "main", "later", None]
    (only,) = client.get("/llmsim/sessions/a/requests?track=side").get_json()["entries"]
    assert (only["track"], only["turn"], only["position"]) == ("side", 0, 0)


def test_health_and_the_session_tell_how_far_each_track_is(client: FlaskClient) -> None:
    tracks = [
        {"name": "main", "turns": 2, "place": 0},
        {"name": "side", "turns": 2, "place": 0},
        {"name": "later", "turns": 1, "place": None},
    ]
    assert client.get("/s/a/health").get_json()["tracks"] == tracks
    assert client.get("/s/unknown/health").get_json().get("tracks") is None
    for model in ("small", "big", "small", "small"):
        ask(client, model=model)
    tracks[0]["place"], tracks[1]["place"] = 1, 3
    health = client.get("/s/a/health").get_json()
    assert (health["tracks"], health["turns"], health["position"]) == (tracks, 5, 4)
    shown = client.get("/llmsim/sessions/a").get_json()
    assert (shown["tracks"], shown["turns"], shown["turns_used"]) == (tracks, 5, None)
    (listed,) = client.get("/llmsim/sessions").get_json()["sessions"]
    assert listed["tracks"] == tracks


def test_a_session_is_exhausted_where_all_its_tracks_are(client: FlaskClient) -> None:
    put(client, SIDE, turns=says("m0"))
    for model, used, state in (
        ("big", 1, "unfinished"),
        ("big", 1, "unfinished"),
        ("small", 2, "unfinished"),
        ("small", 3, "exhausted"),
    ):
        ask(client, model=model)
        shown = client.get("/llmsim/sessions/a").get_json()
        assert (shown["turns_used"], shown["state"]) == (used, state)
    client.post("/llmsim/sessions/a/reset")
    shown = client.get("/llmsim/sessions/a").get_json()
    assert [track["place"] for track in shown["tracks"]] == [0, 0]
    assert (shown["turns_used"], shown["state"]) == (0, "untouched")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_fits_no_track_is_refused_in_the_apis_own_shape(
    client: FlaskClient, api: str, stream: bool
) -> None:
    put(client, SIDE, LATER)
    refused = ask(client, api, stream=stream)
    assert refused.status_code == 400
    said = refused.get_json()
    assert "invalid_request" in json.dumps(said)
    message = said["error"]["message"]
    assert '\'side\' (model: wanted one like "small", found "big")' in message
    assert '\'later\' (model: wanted one like "late*", found "big")' in message
    assert "X-LLMSim-Position" not in refused.headers
    (entry,) = entries(client)
    assert (entry["position"], entry["track"], entry["status"]) == (None, None, 400)
    assert entry["answer"]["failure"]["message"] == message
    assert ask(client, api, model="small").headers["X-LLMSim-Position"] == "0"


# What OpenCode 1.18 sent in one run (`opencode run "What is here?"`): a title request without
# tools, and its agent's two requests. Long texts are shortened.
OPENCODE = Path(__file__).with_name("opencode.json").read_text("utf-8")
RECORDED_CALL = "call_llmsim_1_0"


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_opencode_gets_its_title_and_its_agent_the_whole_script(
    client: FlaskClient, order: str
) -> None:
    script = {
        "order": order,
        "on_exhausted": "error",
        "turns": [
            {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {"command": "ls"}}]},
            *says("Two files."),
        ],
        "tracks": [
            {
                "name": "title",
                "when": {"has_tools": False, "system_contains": "title generator"},
                "turns": says("Listing files"),
            }
        ],
    }
    client.put("/llmsim/sessions/a/script", json=script)
    route = f"/s/a{ROUTE_OF['chat']}"
    title, first = [client.post(route, json=each) for each in json.loads(OPENCODE)[:2]]
    [call_id] = re.findall('"id":"(call_[^"]+)"', first.text)
    second = client.post(route, json=json.loads(OPENCODE.replace(RECORDED_CALL, call_id))[2])
    assert '"Listing' in title.text
    assert '"name":"bash"' in first.text
    assert '"Two' in second.text
    names = ("X-LLMSim-Track", "X-LLMSim-Turn")
    assert [tuple(each.headers[name] for name in names) for each in (title, first, second)] == [
        ("title", "0"),
        ("main", "0"),
        ("main", "1"),
    ]
