"""The times in an answer, in the units of its API."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.apis import APIS
from llmsim.playback import Playback, Taken
from tests.conftest import MakeClient
from tests.requests import FOR_ALL
from tests.running import text
from tests.wire.frames import json_frames

CREATED = {"chat": "created", "responses": "created_at", "openresponses": "created_at"}
MEASURED = [api for api in APIS if api.renderer.processing_ms_header]


def heads(client: FlaskClient, route: str) -> list[dict[str, Any]]:
    """What says when an answer was made: of a plain one, a stream, and one that is filled in."""
    plain = client.post(route, json=FOR_ALL).get_json()
    streams = [client.post(route, json=FOR_ALL | {"stream": True}).data for _ in range(3)]
    firsts = [json_frames(stream)[0] for stream in streams]
    return [plain, *(first.get("response", first) for first in firsts)]


@pytest.mark.parametrize("api", [api for api in APIS if api.renderer.name in CREATED])
def test_an_answer_was_made_now_in_whole_seconds(make_client: MakeClient, api: Any) -> None:
    client, before = make_client(text("a")), int(time.time())
    made = [head[CREATED[api.renderer.name]] for head in heads(client, api.routes[0])]
    assert [type(moment) for moment in made] == [int] * 4
    assert before <= min(made) <= max(made) <= time.time()


@pytest.mark.parametrize("api", MEASURED, ids=lambda api: api.renderer.name)
def test_the_processing_time_is_in_milliseconds(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, api: Any
) -> None:
    client, take = make_client(text("a")), Playback.take

    def take_slowly(*arguments: Any) -> Taken:
        time.sleep(0.02)
        return take(*arguments)

    monkeypatch.setattr(Playback, "take", take_slowly)
    before = time.perf_counter()
    response = client.post(api.routes[0], json=FOR_ALL)
    elapsed = (time.perf_counter() - before) * 1000
    assert 20 <= int(response.headers[api.renderer.processing_ms_header]) <= elapsed
