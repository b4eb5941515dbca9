"""Two hosts that share a Redis: what one of them changes, the other does as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.settings import Settings
from tests.conftest import APPLICATIONS
from tests.redis_server import RedisServer
from tests.requests import CHAT
from tests.running import numbered, text

Host = Callable[[], FlaskClient]
MESSAGE = {"model": "m", "messages": [{"role": "user", "content": "secret"}]}


@pytest.fixture
def hosts(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> tuple[Host, Host]:
    settings = Settings(**getattr(request, "param", {}))

    def host() -> Host:
        playback = Playback(redis_server.store("two-hosts"))
        playback.publish(Script.from_spec({"turns": numbered(9)}))

        def client() -> FlaskClient:
            monkeypatch.setattr(shared, "_shared", playback)
            return APPLICATIONS["served"](settings).test_client()

        return client

    with redis_server.client() as client:
        client.flushall()
    return host(), host()


def ask(host: Host, **body: Any) -> dict[str, Any]:
    answer = host().post(f"/s/a{CHAT}", json={**MESSAGE, **body})
    return {"status": answer.status_code, "position": answer.headers.get("X-LLMSim-Position")}


def bodies(host: Host) -> list[Any]:
    entries = host().get("/llmsim/sessions/a/requests").get_json()["entries"]
    return [entry.get("request_body") for entry in entries]


def make_anew(host: Host, **options: Any) -> None:
    host().delete("/llmsim/sessions/a")
    assert host().post("/llmsim/sessions", json={"name": "a", **options}).status_code == 201


def test_they_take_turns_from_one_cursor(hosts: tuple[Host, Host]) -> None:
    one, other = hosts
    asked = [ask(host) for host in (one, other, other, one)]
    assert [answer["position"] for answer in asked] == ["0", "1", "2", "3"]
    assert len(bodies(one)) == len(bodies(other)) == 4


@pytest.mark.parametrize("wrong", [{}, {"model": 7}], ids=["answered", "refused"])
@pytest.mark.parametrize("mode", ["meta", "off"])
def test_what_is_not_to_be_kept_of_a_session_made_anew_is_kept_nowhere(
    hosts: tuple[Host, Host], mode: str, wrong: dict[str, Any]
) -> None:
    one, other = hosts
    ask(one)
    make_anew(other, journal=mode)
    ask(one, **wrong)
    assert bodies(other) == ([] if mode == "off" else [None])


@pytest.mark.parametrize("hosts", [{"journal_mode": "off"}], indirect=True)
@pytest.mark.parametrize("wrong", [{}, {"model": 7}], ids=["answered", "refused"])
def test_what_is_to_be_kept_of_a_session_made_anew_is_kept_whole(
    hosts: tuple[Host, Host], wrong: dict[str, Any]
) -> None:
    one, other = hosts
    ask(one)
    make_anew(other, journal="full")
    ask(one, **wrong)
    assert bodies(other) == [{**MESSAGE, **wrong}]


@pytest.mark.parametrize("hosts", [{"new_sessions": "refuse"}], indirect=True)
def test_a_session_that_was_deleted_elsewhere_is_not_made_again(hosts: tuple[Host, Host]) -> None:
    one, other = hosts
    make_anew(other)
    assert ask(one)["status"] == 200
    other().delete("/llmsim/sessions/a")
    assert ask(one)["status"] == 404


def test_a_script_that_one_puts_is_played_by_the_other_at_once(hosts: tuple[Host, Host]) -> None:
    one, other = hosts
    ask(one)
    ask(other)
    script = {"turns": [text("own")]}
    assert one().put("/llmsim/sessions/a/script", json=script).status_code == 200
    answer = other().post(f"/s/a{CHAT}", json=MESSAGE)
    assert answer.get_json()["choices"][0]["message"]["content"] == "own"
    assert answer.headers["X-LLMSim-Position"] == "0"


UNASKED = [{"role": "tool", "tool_call_id": "call_of_nobody", "content": "x"}]
"""The real API refuses a result that no call asked for."""


def test_what_a_session_made_anew_says_of_the_protocol_check_holds_at_once(
    hosts: tuple[Host, Host],
) -> None:
    one, other = hosts
    make_anew(other, protocol="refuse")
    assert ask(one, messages=UNASKED)["status"] == 400
    make_anew(other, protocol="off")
    assert ask(one, messages=UNASKED)["status"] == 200
    make_anew(other, protocol="refuse")
    assert ask(one, messages=UNASKED)["status"] == 400
    assert ask(one)["position"] == "0"


def test_a_request_is_not_refused_for_the_sake_of_a_script_that_was_replaced(
    hosts: tuple[Host, Host],
) -> None:
    """A refusal takes no turn, so no claim finds out that the script is another one."""
    one, other = hosts
    for word, status in (("refuse", 400), ("off", 200), ("refuse", 400)):
        script = {"protocol": word, "turns": [text("own")]}
        other().put("/llmsim/sessions/a/script", json=script)
        assert ask(one, messages=UNASKED)["status"] == status
