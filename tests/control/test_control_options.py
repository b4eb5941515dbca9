"""What a session may be made with, and who may make one."""

from __future__ import annotations

import json
from pathlib import Path

import anthropic
import openai
import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import ask, entries, post
from tests.requests import API_OF, CHAT, ROUTES, body_for
from tests.running import Server, numbered, text, write_script

PAD = "x" * 3000


def made(client: FlaskClient, **options: object) -> FlaskClient:
    response = client.post("/llmsim/sessions", json={"name": "a", **options})
    assert response.status_code == 201, response.data
    return client


@pytest.mark.parametrize("setting", ["full", "meta", "off"])
@pytest.mark.parametrize("mode", ["full", "meta", "off"])
def test_a_session_says_what_its_journal_keeps_whatever_the_setting_is(
    make_client: MakeClient, setting: str, mode: str
) -> None:
    client = made(make_client(text("a"), journal_mode=setting), journal=mode)
    for session in ("a", "other"):
        ask(client, session)
        post(client, b"{", session)
    for session, kept in (("a", mode), ("other", setting)):
        found = entries(client, session)
        assert len(found) == (0 if kept == "off" else 2)
        assert ["request_body" in entry for entry in found] == [kept == "full"] * len(found)


def test_a_session_has_a_limit_of_its_own_for_bodies(make_client: MakeClient) -> None:
    # In a session of a name that other tests use, what they said not to be kept would not be.
    client = made(make_client(text("a"), journal_body_limit_kb=2), name="large", body_limit_kb=4)
    made(client, name="none", body_limit_kb=0)
    for session in ("large", "other", "none"):
        ask(client, session, pad=PAD)
    truncated = {
        session: entries(client, session)[0]["request_truncated"]
        for session in ("large", "other", "none")
    }
    assert truncated == {"large": False, "other": True, "none": True}


@pytest.mark.parametrize("way", ["reset", "script"])
def test_options_last_over_rewinds_and_end_with_the_session(
    make_client: MakeClient, tmp_path: Path, way: str
) -> None:
    client = made(make_client(text("a")), journal="meta", script={"turns": numbered(2)})
    assert ask(client).get_json()["choices"][0]["message"]["content"] == "0"
    if way == "reset":
        client.post("/llmsim/sessions/a/reset")
    else:
        client.put("/llmsim/sessions/a/script", json={"turns": [text("b")]})
    ask(client)
    assert "request_body" not in entries(client)[0]
    client.delete("/llmsim/sessions/a")
    assert list(tmp_path.glob("options-*")) == []
    ask(client)
    assert "request_body" in entries(client)[0]


def test_a_session_that_is_there_keeps_its_options_and_script(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("default"))
    ask(client)
    files = {path.name for path in tmp_path.iterdir()}
    again = {"name": "a", "journal": "off", "script": {"turns": [text("own")]}}
    assert client.post("/llmsim/sessions", json=again).status_code == 409
    assert {path.name for path in tmp_path.iterdir()} == files
    ask(client)
    assert len(entries(client)) == 2


def test_a_session_that_finds_no_room_leaves_nothing_behind(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"), max_sessions=1)
    ask(client, "first")
    files = {path.name for path in tmp_path.iterdir()}
    full = {"name": "a", "journal": "off", "script": {"turns": [text("own")]}}
    assert client.post("/llmsim/sessions", json=full).status_code == 503
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("journal", odd) for odd in ("none", "", 7, None)),
        *(("body_limit_kb", odd) for odd in (-1, "4", 1.5, 2**20 + 1, None)),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    make_client: MakeClient, field: str, value: object
) -> None:
    client = make_client(text("a"))
    response = client.post("/llmsim/sessions", json={"name": "a", field: value})
    assert response.status_code == 400
    assert f"{field}: " in response.get_json()["error"]["message"]
    assert client.get("/llmsim/sessions/a").status_code == 404


# The setting store.new_sessions


@pytest.mark.parametrize("route", ROUTES)
def test_where_new_sessions_are_refused_a_misspelt_one_is_a_404_that_says_the_nearest_names(
    make_client: MakeClient, route: str, tmp_path: Path
) -> None:
    client = make_client(*numbered(3), new_sessions="refuse")
    for name in ("checkout-team", "checkout-teams", "billing"):
        client.post("/llmsim/sessions", json={"name": name})
    response = client.post(f"/s/chekout-team{route}", json=body_for(route))
    assert (response.status_code, response.content_type) == (404, "application/json")
    error = response.get_json()["error"]
    assert "no session 'chekout-team'" in error["message"]
    assert "did you mean 'checkout-team' or 'checkout-teams'?" in error["message"]
    expected = {"anthropic": "not_found_error", "openresponses": "not_found"}
    assert error["type"] == expected.get(API_OF[route], "invalid_request_error")
    assert client.get("/llmsim/sessions/chekout-team").status_code == 404
    assert list(tmp_path.glob("journal-*")) == []
    right = client.post(f"/s/checkout-team{route}", json=body_for(route))
    assert (right.status_code, right.headers["X-LLMSim-Position"]) == (200, "0")


def test_a_name_that_is_near_to_none_gets_no_guess(make_client: MakeClient) -> None:
    client = make_client(text("a"), new_sessions="refuse")
    client.post("/llmsim/sessions", json={"name": "checkout"})
    message = ask(client, "zzz").get_json()["error"]["message"]
    assert "did you mean" not in message
    assert "POST /llmsim/sessions" in message


@pytest.mark.parametrize("path", ["/openai/v1/models", "/openai/v1/nope", CHAT])
def test_where_new_sessions_are_refused_no_other_request_makes_one_either(
    make_client: MakeClient, path: str
) -> None:
    client = make_client(text("a"), new_sessions="refuse")
    assert client.get(f"/s/a{path}").status_code == 404
    assert client.get("/llmsim/sessions").get_json()["sessions"] == []


def test_where_new_sessions_are_refused_the_default_one_and_those_that_are_made_serve(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(9), new_sessions="refuse")
    assert client.post(CHAT, json=body_for(CHAT)).status_code == 200
    client.put("/llmsim/sessions/put/script", json={"turns": [text("own")]})
    assert ask(client, "put").status_code == 200
    client.post("/llmsim/sessions/put/reset")
    assert ask(client, "put").status_code == 200
    client.delete("/llmsim/sessions/put")
    assert ask(client, "put").status_code == 404


@pytest.mark.slow
def test_clients_of_a_real_server_are_told_and_options_hold_on_every_worker(
    tmp_path: Path,
) -> None:
    script = write_script(tmp_path / "s.json", *numbered(3), on_exhausted="loop")
    with Server(tmp_path, script, LLMSIM_WORKERS="4", LLMSIM_NEW_SESSIONS="refuse") as server:
        control = openai.OpenAI(base_url=server.base_url, api_key="unused", max_retries=0)._client
        sessions = f"{server.origin}/llmsim/sessions"
        control.post(sessions, json={"name": "team-a", "journal": "meta"})
        base = f"{server.origin}/s/team-b"
        client = openai.OpenAI(base_url=f"{base}/openai/v1", api_key="unused", max_retries=0)
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        with pytest.raises(openai.NotFoundError, match="did you mean 'team-a'"):
            client.chat.completions.create(**asked)  # type: ignore[call-overload]
        other = anthropic.Anthropic(base_url=f"{base}/anthropic", api_key="unused", max_retries=0)
        with pytest.raises(anthropic.NotFoundError, match="did you mean 'team-a'"):
            other.messages.create(max_tokens=9, **asked)  # type: ignore[call-overload]
        for _ in range(40):
            with openai.OpenAI(
                base_url=f"{server.origin}/s/team-a/openai/v1", api_key="unused"
            ) as right:
                right.chat.completions.create(**asked)  # type: ignore[call-overload]
        lines = control.get(f"{sessions}/team-a/requests.jsonl").text.splitlines()
        found = [json.loads(line) for line in lines]
        assert len(found) == 40
        assert len({entry["worker"] for entry in found}) > 1
        assert not any("request_body" in entry for entry in found)
