"""The routes that are served before Flask's dispatch answer as Flask's own do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from llmsim import Script
from llmsim.app import create_app, create_served_app
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.settings import Settings
from llmsim.store.mmap_store import MmapStore
from tests.requests import API_OF, FOR_ALL, ROUTES, request_to
from tests.running import numbered

CHAT = request_to("chat")
REQUESTS = [
    ("POST", "/v1/chat/completions", CHAT),
    ("POST", "/s/agent/openai/v1/chat/completions", CHAT | {"stream": True}),
    ("POST", "/anthropic/v1/messages", CHAT | {"max_tokens": 1}),
    ("POST", "/anthropic/v1/messages", CHAT),
    ("POST", "/s/agent/s/other/v1/chat/completions", CHAT),
    ("POST", "/s/b%20d/v1/chat/completions", CHAT),
    ("POST", "/v1/nowhere", CHAT),
    ("PUT", "/v1/chat/completions", CHAT),
]
Client = Callable[[Callable[[Settings], Flask], str], FlaskClient]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    def make(create: Callable[[Settings], Flask], name: str) -> FlaskClient:
        (tmp_path / name).mkdir(mode=0o700)
        playback = Playback(MmapStore.create_in(tmp_path / name, max_sessions=10))
        playback.publish(Script.from_spec({"turns": numbered(3)}))
        monkeypatch.setattr(shared, "_shared", playback)
        return create(Settings()).test_client()

    return make


def seen(response: TestResponse) -> tuple[int, set[str], str]:
    """What does not differ from try to try."""
    varying = r"[0-9a-f]{16,}|(?<=\"created\":)\d+"
    return (
        response.status_code,
        {name for name, _ in response.headers},
        re.sub(varying, "", response.get_data(as_text=True)),
    )


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://elsewhere"}], ids=["no browser", "browser"]
)
def test_they_answer_as_flask_does(client: Client, headers: dict[str, str]) -> None:
    answers = []
    for create, name in ((create_app, "flask"), (create_served_app, "served")):
        asking = client(create, name)
        answers.append(
            [
                seen(asking.open(path, method=method, json=body, headers=headers))
                for method, path, body in REQUESTS
            ]
        )
    assert [status for status, *_ in answers[0]] == [200, 200, 200, 400, 404, 400, 404, 405]
    assert answers[1] == answers[0]


def test_a_prefix_within_a_prefix_is_no_route_and_makes_no_session_of_its_own(
    client: Client,
) -> None:
    served = client(create_served_app, "served")
    assert served.post("/s/agent/s/other/v1/chat/completions", json=CHAT).status_code == 404
    listed = served.get("/llmsim/sessions").get_json()["sessions"]
    assert [(session["name"], session["position"]) for session in listed] == [("agent", 0)]


@pytest.mark.parametrize("create", [create_app, create_served_app])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_what_goes_wrong_inside_is_a_500_in_the_dialect(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    create: Callable[[Settings], Flask],
    stream: bool,
    route: str,
) -> None:
    asking = client(create, "state")
    asking.application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(Playback, "take", lambda *_: 1 // 0)
    response = asking.post(route, json=FOR_ALL | {"stream": stream})
    assert (response.status_code, response.content_type) == (500, "application/json")
    error = response.get_json()["error"]
    assert error["type"] == ("api_error" if API_OF[route] == "anthropic" else "server_error")
    assert "its log has the details" in error["message"]
    (entry,) = asking.get("/llmsim/sessions/default/requests").get_json()["entries"]
    assert (entry["status"], entry["position"]) == (500, None)
