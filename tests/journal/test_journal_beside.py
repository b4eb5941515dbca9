"""What takes no turn has an entry too: token counts, models, wrong routes."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.requests import CHAT, MESSAGES
from tests.running import numbered, text

COUNT = "/anthropic/v1/messages/count_tokens"
BODY: dict[str, Any] = {"model": "m", "messages": MESSAGES}
BESIDE = [
    ("GET", "/openai/v1/models", "chat", 200),
    ("HEAD", "/openai/v1/models", "chat", 200),
    ("GET", "/anthropic/models/any", "anthropic", 200),
    ("POST", COUNT, "anthropic", 200),
    ("POST", "/anthropic/count_tokens", "anthropic", 200),
    ("POST", "/openai/v1/nope", "chat", 404),
    ("GET", "/openresponses/nope", "openresponses", 404),
    ("HEAD", "/anthropic/nope", "anthropic", 404),
    ("POST", "/chat/completions", "chat", 404),
    ("GET", CHAT, "chat", 405),
    ("HEAD", CHAT, "chat", 405),
    ("PUT", "/anthropic/messages", "anthropic", 405),
    ("DELETE", "/openai/v1/models", "chat", 405),
]


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    client = make_client(*numbered(3))
    client.post("/llmsim/sessions", json={"name": "a"})
    return client


def answered(client: FlaskClient, method: str, path: str, **more: Any) -> Any:
    response = client.open(path, method=method, json=BODY if method == "POST" else None, **more)
    assert response.data is not None
    return response


@pytest.mark.parametrize(("method", "path", "api", "status"), BESIDE)
def test_a_request_that_takes_no_turn_has_one_entry(
    client: FlaskClient, method: str, path: str, api: str, status: int
) -> None:
    response = answered(client, method, f"/s/a{path}", headers={"User-Agent": "test/1"})
    assert response.status_code == status
    (entry,) = entries(client)
    expected = {
        "generation": client.get("/llmsim/sessions/a").get_json()["generation"],
        "session": "a",
        "position": None,
        "turn": None,
        "api": api,
        "method": method,
        "path": path,
        "stream": False,
        "status": status,
        "outcome": "completed",
        "bytes": len(response.data),
    }
    assert entry | expected == entry
    assert entry["request_headers"]["user-agent"] == "test/1"
    failure = entry.get("answer", {}).get("failure", {})
    if method != "HEAD" and status >= 400:
        assert failure["message"] == response.get_json()["error"]["message"]
    assert failure.get("status") == (status if status >= 400 else None)
    assert ask(client).headers["X-LLMSim-Position"] == "0"
    assert len(entries(client)) == 2


def test_what_was_counted_stands_in_the_entry(client: FlaskClient) -> None:
    answered(client, "POST", f"/s/a{COUNT}")
    client.post(f"/s/a{COUNT}", json={"messages": []})
    client.post(f"/s/a{COUNT}", data=b"{")
    good, refused, broken = entries(client)
    assert good["request_body"] == BODY
    assert (refused["status"], refused["request_body"]) == (400, {"messages": []})
    assert (broken["status"], broken["request_bytes"]) == (400, 1)


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, *_ in BESIDE])
@pytest.mark.parametrize(
    "headers",
    [
        {"X-LLMSim-Session": "a"},
        {"Authorization": "Bearer llmsim-a"},
        {"x-api-key": "llmsim-a"},
    ],
    ids=["header", "key", "x-api-key"],
)
def test_it_belongs_to_the_session_that_it_names_in_any_way(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answered(client, method, path, headers=headers)
    assert [entry["path"] for entry in entries(client)] == [path]
    client.post("/llmsim/sessions", json={"name": "default"})
    answered(client, method, path)
    assert [entry["path"] for entry in entries(client, "default")] == [path]


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, *_ in BESIDE])
def test_a_session_s_name_that_is_none_is_refused_here_too(
    client: FlaskClient, method: str, path: str
) -> None:
    response = answered(client, method, path, headers={"X-LLMSim-Session": "no name"})
    assert response.status_code == 400


def test_the_bases_health_preflights_and_the_control_api_have_no_entry(
    client: FlaskClient,
) -> None:
    for path in ("", "/", "/openai", "/openai/v1/", "/anthropic", "/v1", "/health", "/v1/health"):
        assert client.get(f"/s/a{path}").status_code == 200
        assert client.head(f"/s/a{path}").status_code == 200
    for path in (CHAT, COUNT, "/openai/v1/models"):
        assert client.options(f"/s/a{path}").status_code == 200
    for path in ("/llmsim/sessions/a", "/llmsim/nope", "/s/a/llmsim/nope"):
        client.get(path, headers={"X-LLMSim-Session": "a"})
    assert entries(client) == []


@pytest.mark.parametrize("mode", ["meta", "off"])
def test_the_journal_s_mode_holds_for_them_as_well(make_client: MakeClient, mode: str) -> None:
    client = make_client(text("a"), journal_mode=mode)
    client.post("/llmsim/sessions", json={"name": "a"})
    for method, path, _, status in BESIDE:
        assert answered(client, method, f"/s/a{path}").status_code == status
    found = entries(client)
    assert len(found) == (len(BESIDE) if mode == "meta" else 0)
    assert not any("request_body" in entry for entry in found)


def test_a_failure_inside_llmsim_has_an_entry(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("llmsim.serving.count_tokens.prompt_tokens", lambda _: 1 // 0)
    assert answered(client, "POST", f"/s/a{COUNT}").status_code == 500
    assert [entry["status"] for entry in entries(client)] == [500]
