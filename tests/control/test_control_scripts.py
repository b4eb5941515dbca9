"""Scripts with names, by the control API."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.requests import ROUTE_OF


def says(*texts: str, **keys: Any) -> dict[str, Any]:
    return {"turns": [{"type": "assistant", "text": text} for text in texts], **keys}


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(*says("file 0", "file 1", "file 2")["turns"])


def put(client: FlaskClient, name: str, script: dict[str, Any]) -> Any:
    answer = client.put(f"/llmsim/scripts/{name}", json=script)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def said(client: FlaskClient, session: str, **fields: Any) -> Any:
    answer = ask(client, session, **fields)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["choices"][0]["message"]["content"]


def test_scripts_are_put_listed_read_and_forgotten(client: FlaskClient) -> None:
    track = {"name": "t", "when": {"model": "t"}, "turns": says("t0")["turns"]}
    assert put(client, "b", says("b0", "b1", order="history")) == {
        "name": "b", "turns": 2, "tracks": ["main"], "order": "history", "from_file": False,
        "requests": 0,
    }  # fmt: skip
    put(client, "a", says("a0", tracks=[track]))
    for session in ("a", "b-1", "b-2", "other"):
        said(client, session)
    said(client, "a", model="t")
    listed = client.get("/llmsim/scripts").get_json()["scripts"]
    facts = [(each["name"], each["tracks"], each["requests"], each["from_file"]) for each in listed]
    assert facts == [
        ("a", ["main", "t"], 2, False),
        ("b", ["main"], 2, False),
        ("default", ["main"], 1, True),
    ]
    assert client.get("/llmsim/scripts/a").get_json()["tracks"] == [track]
    assert client.delete("/llmsim/scripts/a").status_code == 204
    assert client.get("/llmsim/scripts/a").status_code == 404
    assert said(client, "a") == "file 0"


def test_answers_entries_and_sessions_name_the_script(client: FlaskClient) -> None:
    put(client, "a", says("a0", "a1"))
    answers = [ask(client, "a-7"), ask(client, "x")]
    assert [answer.headers.get("X-LLMSim-Script") for answer in answers] == ["a", None]
    assert [entry["script"] for entry in entries(client, "a-7")] == ["a"]
    chosen = client.get("/llmsim/sessions/a-7/requests?script=a").get_json()["entries"]
    assert len(chosen) == 1
    shown = client.get("/llmsim/sessions/a-7").get_json()
    assert (shown["script"], shown["turns"], shown["turns_used"]) == ("default", 2, 1)
    assert shown["tracks"] == [{"name": "a/main", "turns": 2, "place": 1}]
    assert client.get("/s/a-7/health").status_code == 200
    assert client.get("/llmsim/sessions/a-7/steps").get_json()["tracks"][0]["name"] == "a/main"
    assert client.get("/llmsim/sessions/a-7/verdict").status_code == 200


def test_a_session_is_made_with_one_of_them_or_given_one(client: FlaskClient) -> None:
    put(client, "a", says("a0", "a1", "a2"))
    made = client.post("/llmsim/sessions", json={"name": "s", "script": "a"})
    assert (made.status_code, made.get_json()["script"]) == (201, "a")
    assert [said(client, "s"), said(client, "s")] == ["a0", "a1"]
    given = client.put("/llmsim/sessions/x/script", json={"use": "a"})
    assert (given.status_code, given.get_json()["script"], given.get_json()["position"]) == (
        200, "a", 0,
    )  # fmt: skip
    assert said(client, "x") == "a0"
    assert (
        client.get("/llmsim/sessions/x/script").get_json()["turns"]
        == says("a0", "a1", "a2")["turns"]
    )
    client.post("/llmsim/sessions/s/reset")
    assert said(client, "s") == "a0"
    put(client, "a", says("new"))
    assert [said(client, "s"), said(client, "x")] == ["new", "new"]
    client.delete("/llmsim/scripts/a")
    refused = ask(client, "s")
    assert refused.status_code == 400
    assert "was given the script 'a'" in refused.get_json()["error"]["message"]
    assert client.get("/llmsim/sessions/s").get_json()["turns"] == 0
    assert client.get("/s/s/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/sessions", {"name": "s", "script": "checkuot"}, 404, "script_not_found"),
        ("PUT", "/sessions/s/script", {"use": "checkuot"}, 404, "script_not_found"),
        ("PUT", "/sessions/s/script", {"use": 7}, 400, "invalid_script"),
        ("GET", "/scripts/checkuot", None, 404, "script_not_found"),
        ("DELETE", "/scripts/checkuot", None, 404, "script_not_found"),
        ("DELETE", "/scripts/default", None, 409, "base_script"),
        ("PUT", "/scripts/a%20b", says("a"), 400, "invalid_script_name"),
        ("PUT", "/scripts/a", {"turns": []}, 400, "invalid_script"),
        ("PUT", "/scripts/a", {"use": "checkout"}, 400, "invalid_script"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    client: FlaskClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    put(client, "checkout", says("a"))
    refused = client.open(f"/llmsim{path}", method=method, json=body)
    error = refused.get_json()["error"]
    assert (refused.status_code, error["code"]) == (status, code)
    if code == "script_not_found":
        assert error["message"].endswith("did you mean 'checkout'?")
    assert client.get("/llmsim/sessions").get_json()["sessions"] == []
    names = [each["name"] for each in client.get("/llmsim/scripts").get_json()["scripts"]]
    assert names == ["checkout", "default"]


def test_a_session_that_may_play_several_has_no_one_script_to_show(client: FlaskClient) -> None:
    put(client, "a", says("a0"))
    said(client, "x")
    shown = client.get("/llmsim/sessions/x/script")
    assert (shown.status_code, shown.get_json()["error"]["code"]) == (404, "no_script")


@pytest.mark.parametrize("api", ["chat", "responses", "openresponses", "anthropic"])
def test_a_condition_of_a_script_is_met_on_every_api(client: FlaskClient, api: str) -> None:
    put(client, "a", says("a0", when={"model": "big", "first_contains": "Hi"}))
    answer = ask(client, "x", ROUTE_OF[api], model="big")
    assert answer.headers["X-LLMSim-Script"] == "a"
