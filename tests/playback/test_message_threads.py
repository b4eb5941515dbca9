"""Message threads of Anthropic's API: behind the first request, a client sends only what is new."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import request_to
from tests.verdict.agents import CALL, SAY, put, tool

ORDERS = ["arrival", "history"]


class Thread:
    """A client of a thread, as the SDK's tool runner is one: tools and system text come once."""

    def __init__(self, client: FlaskClient, system: str = "You work.") -> None:
        self._client = client
        self._first: dict[str, Any] = {"system": system, "tools": [tool("anthropic")]}
        self._previous = ""

    def send(self, *messages: dict[str, Any]) -> Any:
        """The payload of the answer to what is new."""
        fields: dict[str, Any] = {**self._first, "thread": {"type": "create"}}
        if self._previous:
            fields = {"thread": {"type": "continue", "previous_message_id": self._previous}}
        body = request_to("anthropic", messages=list(messages), **fields)
        response = self._client.post("/s/a/anthropic/v1/messages", json=body)
        payload = response.get_json()
        if response.status_code == 200:
            self._previous = payload["id"]
        return payload


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def result(payload: dict[str, Any]) -> dict[str, Any]:
    uses = [block["id"] for block in payload["content"] if block["type"] == "tool_use"]
    told = [{"type": "tool_result", "tool_use_id": use, "content": "it was sent"} for use in uses]
    return {"role": "user", "content": told}


def texts(*payloads: dict[str, Any]) -> list[str]:
    return [block["text"] for payload in payloads for block in payload["content"]]


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(SAY)


@pytest.mark.parametrize("order", ORDERS)
def test_results_are_of_the_tools_that_the_answer_called_and_its_tools_are_still_offered(
    client: FlaskClient, order: str
) -> None:
    expected = {"expect": {"tool_result": {"tool": "bash", "contains": "sent"}}}
    put(client, CALL, CALL | expected, SAY | expected, order=order)
    thread = Thread(client)
    called = thread.send(user("Go."))
    called = thread.send(result(called))
    assert texts(thread.send(result(called))) == ["Done."]
    assert [(entry.get("unmet"), entry.get("findings")) for entry in entries(client)] == [
        (None, None)
    ] * 3
    assert client.get("/llmsim/sessions/a/verdict").get_json()["passed"]


def test_by_history_texts_alone_are_told_apart_by_the_answer_they_go_on_from(
    client: FlaskClient,
) -> None:
    put(client, *({**SAY, "text": text} for text in "abc"), order="history")
    threads = [Thread(client), Thread(client)]
    for text in "abc":
        assert texts(*(thread.send(user("And?")) for thread in threads)) == [text, text]


@pytest.mark.parametrize("order", ORDERS)
def test_a_thread_may_go_on_with_nothing_new(client: FlaskClient, order: str) -> None:
    put(client, {**SAY, "text": "a"}, {**SAY, "text": "b"}, order=order)
    thread = Thread(client)
    assert texts(thread.send(user("Go.")), thread.send()) == ["a", "b"]
    empty = Thread(client).send()
    assert empty["error"]["message"] == "'messages' must not be an empty array."


def test_by_history_a_thread_stays_in_the_track_that_answered_it(client: FlaskClient) -> None:
    track = {
        "name": "researcher",
        "when": {"system_contains": "You research", "has_tools": True},
        "turns": [{**SAY, "text": text} for text in ("r0", "r1", "r2")],
    }
    put(client, {**SAY, "text": "m0"}, {**SAY, "text": "m1"}, order="history", tracks=[track])
    main, researcher = Thread(client), Thread(client, "You research.")
    assert texts(main.send(user("Go.")), researcher.send(user("Go."))) == ["m0", "r0"]
    assert texts(researcher.send(user("On.")), main.send(user("On."))) == ["r1", "m1"]
    assert texts(researcher.send(user("On."))) == ["r2"]
