"""Gates through the control API, and in the journal."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.running import text

RELEASE = "/llmsim/sessions/a/gates/g/release"


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    made = make_client(text("default"))
    put(made, "g")
    return made


def put(client: FlaskClient, gate: Any) -> None:
    turns = [text("x") | {"gate": gate}]
    assert client.put("/llmsim/sessions/a/script", json={"turns": turns}).status_code == 200


def gates(client: FlaskClient, path: str = "/sessions/a") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/llmsim{path}/gates").get_json()["gates"]
    return found


def last_gate(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = entries(client)[-1]["gate"]
    return found


def test_a_release_before_anybody_waits_lets_who_comes_pass(client: FlaskClient) -> None:
    released = client.post(RELEASE, json={"count": 2})
    assert released.get_json() == {
        "name": "g",
        "open": False,
        "tickets": 0,
        "ahead": 2,
        "waiting": [],
    }
    assert ask(client).status_code == 200
    gate = last_gate(client)
    assert gate.pop("held_ms") >= 0
    assert gate == {"name": "g", "scope": "session", "ticket": 0, "by": "released"}
    assert gates(client)[0]["ahead"] == 1


def test_an_open_gate_is_open_until_the_session_is_reset(client: FlaskClient) -> None:
    assert client.post(RELEASE).get_json()["open"] is True
    for _ in range(3):
        ask(client)
    assert [gate["tickets"] for gate in gates(client)] == [3]
    client.post("/llmsim/sessions/a/reset")
    assert gates(client) == []
    put(client, {"name": "g", "max_hold_s": 0})
    ask(client)
    assert last_gate(client)["by"] == "max_hold"


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_and_a_stream_wait_too(client: FlaskClient, stream: bool) -> None:
    turn = {"type": "error", "kind": "timeout", "gate": "g"}
    client.put("/llmsim/sessions/a/script", json={"turns": [turn]})
    client.post(RELEASE)
    assert ask(client, stream=stream).status_code == 504
    assert last_gate(client)["by"] == "released"


def test_a_gate_that_a_stream_does_not_come_to_holds_nothing(client: FlaskClient) -> None:
    put(client, {"name": "g", "after_chunks": 99})
    assert ask(client, stream=True).data.endswith(b"data: [DONE]\n\n")
    assert last_gate(client)["by"] is None
    assert gates(client) == []


def test_a_gate_of_all_sessions_has_routes_of_its_own(client: FlaskClient) -> None:
    put(client, {"name": "g", "scope": "server"})
    assert client.delete("/llmsim/gates/g").status_code == 404
    assert client.post("/llmsim/gates/g/release", json={"count": 1}).status_code == 200
    ask(client)
    assert last_gate(client)["by"] == "released"
    assert [gate["name"] for gate in gates(client, "")] == ["g"]
    assert gates(client) == []
    assert client.delete("/llmsim/gates/g").status_code == 204
    assert gates(client, "") == []


def test_a_session_that_is_not_there_is_named_but_the_default_one_always_is(
    client: FlaskClient,
) -> None:
    for path in ("gates", "gates/g/release"):
        method = client.get if path == "gates" else client.post
        refused = method(f"/llmsim/sessions/nobody/{path}")
        assert refused.status_code == 404
        assert "'nobody'" in refused.get_json()["error"]["message"]
    assert client.post("/llmsim/sessions/default/gates/g/release").status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"count": 0}, "count: Must be greater than or equal to 1"),
        ({"count": "2"}, "count: Not a valid integer"),
        ({"cuont": 2}, "did you mean 'count'?"),
    ],
)
def test_a_wrong_release_is_refused(client: FlaskClient, body: Any, message: str) -> None:
    refused = client.post(RELEASE, json=body)
    assert refused.status_code == 400
    assert message in refused.get_json()["error"]["message"]


def test_a_name_that_no_gate_can_have_is_refused(client: FlaskClient) -> None:
    refused = client.post("/llmsim/sessions/a/gates/a%20b/release")
    assert refused.status_code == 400
    assert "got 'a b'" in refused.get_json()["error"]["message"]
