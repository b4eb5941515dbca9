"""A script that ends with an error: every position from 0, and then one request for each call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.running import Server, numbered, write_script
from tests.sdk.scripted import CLAUDE, WORKERS, Served
from tests.sdk.ways import ALL_WAYS, Way

COUNT = 6
_REQUEST: dict[str, Any] = {
    "model": CLAUDE,
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose script is used up: what it said until then was in order."""
    directory = tmp_path_factory.mktemp("ending")
    script = write_script(directory / "script.json", *numbered(COUNT), on_exhausted="error")
    with Server(directory, script, LLMSIM_WORKERS=str(WORKERS)) as server:
        yield (served := Served(server, COUNT))
        served.assert_unharmed()


def test_positions_run_from_0_to_the_last_turn(ending: Served) -> None:
    said = []
    with OpenAI(base_url=ending.url("/openai/v1"), api_key="unused") as client:
        for _ in range(COUNT):
            raw = client.chat.completions.with_raw_response.create(
                model="gpt-5", messages=[{"role": "user", "content": "Hi"}]
            )
            said.append((raw.headers["x-llmsim-position"], raw.parse().choices[0].message.content))
    assert said == [(str(position), str(position)) for position in range(COUNT)]


def test_positions_of_the_anthropic_sdk_run_from_0_to_the_last_turn_in_a_session_too(
    ending: Served,
) -> None:
    said = []
    with Anthropic(base_url=ending.url("/s/own/anthropic"), api_key="unused") as client:
        for stream in (False, True) * (COUNT // 2):
            raw = client.messages.with_raw_response.create(**_REQUEST, stream=stream)
            parsed: Any = raw.parse()
            texts = (
                [event.delta.text for event in parsed if event.type == "content_block_delta"]
                if stream
                else [parsed.content[0].text]
            )
            said.append((raw.headers["x-llmsim-position"], "".join(texts)))
    assert said == [(str(position), str(position)) for position in range(COUNT)]


@pytest.mark.parametrize("way", ALL_WAYS, ids=str)
def test_an_exhausted_script_is_an_internal_server_error_after_exactly_one_request(
    way: Way, ending: Served
) -> None:
    while (before := ending.position()) < COUNT:
        ending.take()
    with (
        way.open(ending.server.origin) as ask,
        pytest.raises(way.sdk.InternalServerError) as raised,
    ):
        ask([{"role": "user", "content": "Hi"}])
    error = raised.value
    assert (error.status_code, error.type) == (
        500,
        "api_error" if way.api == "anthropic" else "server_error",
    )
    assert (
        way.api == "anthropic" or error.code == "script_exhausted"
    )  # Anthropic's errors have no code
    assert "all 6 turns were served" in error.message
    assert (
        error.response.headers["x-should-retry"],
        "x-llmsim-turn" in error.response.headers,
    ) == ("false", False)
    assert error.response.headers["x-llmsim-position"] == str(before)
    assert ending.position() == before + 1
