"""Bodies that come again are read once, and nobody sees that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmsim.apis.renderer import Renderer
from llmsim.journal.entry import JsonBody
from llmsim.serving import readings
from llmsim.serving.readings import MOST_BODIES, MOST_BYTES, MOST_MISSED, Reading, Readings, key_of
from llmsim.serving.recorded import READINGS
from tests.conftest import MakeClient
from tests.each import for_each
from tests.journal.asking import journal, post
from tests.requests import RENDERERS, ROUTE_OF, request_to
from tests.running import numbered

CHAT, ANTHROPIC = RENDERERS["chat"], RENDERERS["anthropic"]


def written(api: str, **fields: Any) -> bytes:
    return json.dumps(request_to(api, **fields)).encode()


def reading(body: bytes, api: str = "chat") -> Reading:
    return Reading(RENDERERS[api], JsonBody(body, json.loads(body)))


def found(known: Readings, body: bytes, renderer: Renderer = CHAT) -> Reading | None:
    return known.find(key_of(renderer, body), body)


def remembered(known: Readings, body: bytes) -> Reading | None:
    """What is remembered of a body that came twice."""
    for _ in range(2):
        known.note(key_of(CHAT, body), reading(body))
    return found(known, body)


@for_each("api", [*RENDERERS])
def test_the_same_bytes_get_the_next_turn_and_leave_the_same_entry(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(*numbered(5))
    body = written(api, user=f"u-{api}", tools=[], metadata={"Authorization": "Bearer secret"})
    answers = [post(client, body, route=ROUTE_OF[api]) for _ in range(5)]
    assert any(each.body.bytes == body for each in READINGS)
    assert [each.headers["X-LLMSim-Position"] for each in answers] == [*"01234"]
    said = [each.get_json() for each in answers]
    assert len({each["id"] for each in said}) == 5
    entries = journal(client)["entries"]
    assert len(entries) == 5
    for entry in entries:
        assert {**entry, **_OWN} == {**entries[0], **_OWN}


_OWN = dict.fromkeys(("time", "position", "turn", "answer", "duration_ms", "timing", "bytes"))


@pytest.fixture
def repeated(make_client: MakeClient) -> Any:
    """A client whose body was remembered, and that body."""
    client, body = make_client(*numbered(9)), written("chat", user="again")
    for _ in range(3):
        assert post(client, body).status_code == 200
    return client, body


def test_a_body_that_is_said_to_be_compressed_is_refused_also_when_it_is_known(
    repeated: Any,
) -> None:
    client, body = repeated
    refused = post(client, body, headers={"Content-Encoding": "gzip"})
    assert refused.status_code == 415
    assert post(client, body).headers["X-LLMSim-Position"] == "3"


def test_a_known_body_is_kept_as_its_session_wants(repeated: Any) -> None:
    client, body = repeated
    options = {"name": "short", "journal": "full", "body_limit_kb": 0}
    assert client.post("/llmsim/sessions", json=options).status_code == 201
    post(client, body, session="short")
    (entry,) = journal(client, "short")["entries"]
    assert entry["request_body"] is None
    assert journal(client)["entries"][-1]["request_body"] == json.loads(body)


def test_what_another_api_read_in_the_same_bytes_is_its_own(make_client: MakeClient) -> None:
    client = make_client(*numbered(9))
    body = written("anthropic", user="both")
    for _ in range(3):
        said = post(client, body, route=ROUTE_OF["anthropic"]).get_json()
        assert said["type"] == "message"
        assert post(client, body).get_json()["object"] == "chat.completion"


def test_a_violation_is_found_each_time(make_client: MakeClient) -> None:
    client = make_client(*numbered(9))
    lost = {"role": "tool", "tool_call_id": "call_1", "content": "4"}
    body = written("chat", messages=[{"role": "user", "content": "Hi"}, lost])
    for _ in range(4):
        assert post(client, body).status_code == 200
    found = [entry["violations"] for entry in journal(client)["entries"]]
    assert len(found) == 4
    assert [each[0]["rule"] for each in found] == ["result_without_call"] * 4


def test_a_body_that_came_once_is_not_remembered() -> None:
    known, body = Readings(), written("chat")
    known.note(key_of(CHAT, body), reading(body))
    assert found(known, body) is None
    known.note(key_of(CHAT, body), reading(body))
    assert found(known, body) is not None
    assert found(known, body, ANTHROPIC) is None


def test_bodies_whose_digests_are_the_same_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "xxh3_64_intdigest", lambda body: 1)
    known = Readings()
    assert remembered(known, written("chat", user="a")) is not None
    assert found(known, written("chat", user="b")) is None


def test_memory_is_bounded_in_bodies() -> None:
    known = Readings()
    for number in range(MOST_BODIES):
        assert remembered(known, written("chat", user=str(number))) is not None
    assert remembered(known, written("chat", user="one more")) is None
    assert len([*known]) == MOST_BODIES


@pytest.mark.slow
def test_memory_is_bounded_in_bytes_and_what_comes_again_keeps_its_room() -> None:
    known = Readings()
    first, second, third = (written("chat", user=f"{n} {'x' * (MOST_BYTES // 3)}") for n in "123")
    assert remembered(known, first) is not None
    assert remembered(known, second) is not None
    for _ in range(MOST_MISSED):
        assert remembered(known, third) is None
        assert found(known, first) is not None
    for _ in range(MOST_MISSED // 2):
        remembered(known, third)
    assert found(known, third) is not None
    assert found(known, first) is None
    assert sum(len(each.body.bytes) for each in known) == known.bytes <= MOST_BYTES
    assert remembered(known, written("chat", user="x" * MOST_BYTES)) is None
