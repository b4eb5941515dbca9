"""Each anthropic client in a session of its own: by base URL, header or key."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic import Anthropic, BadRequestError
from anthropic.types import TextBlock

from tests.narrowing import of_type, present
from tests.running import numbered
from tests.sdk.scripted import CLAUDE, Served

TURNS = numbered(4)
REQUEST: dict[str, Any] = {
    "model": CLAUDE,
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}

# Base URL and options of a client; `{}` stands for the session.
NAMED: list[tuple[str, str, dict[str, Any]]] = [
    ("prefix", "/s/{}/anthropic", {"api_key": "unused"}),
    ("bare-prefix", "/s/{}", {"api_key": "unused"}),
    ("key", "/anthropic", {"api_key": "llmsim-{}"}),
    ("bare-key", "", {"api_key": "llmsim-{}"}),
    ("token", "/anthropic", {"auth_token": "llmsim-{}"}),
    (
        "x-api-key",
        "/anthropic",
        {
            "auth_token": "unused",
            "default_headers": {"Authorization": "", "X-Api-Key": "llmsim-{}"},
        },
    ),
    ("header", "/anthropic", {"api_key": "unused", "default_headers": {"X-LLMSim-Session": "{}"}}),
]


def _filled(value: Any, name: str) -> Any:
    return (
        {key: _filled(inner, name) for key, inner in value.items()}
        if isinstance(value, dict)
        else value.format(name)
    )


def _told(client: Anthropic) -> tuple[str, str, str]:
    raw = client.messages.with_raw_response.create(**REQUEST)
    return (
        raw.headers["x-llmsim-session"],
        raw.headers["x-llmsim-position"],
        of_type(TextBlock, raw.parse().content[0]).text,
    )


@pytest.mark.parametrize(("how", "base", "options"), NAMED, ids=[how for how, *_ in NAMED])
def test_two_clients_that_take_turns_each_count_from_0_and_leave_the_default_session_alone(
    how: str, base: str, options: dict[str, Any], served: Served
) -> None:
    before = served.position()
    names = [f"{how}-{letter}" for letter in "ab"]
    clients = [
        Anthropic(base_url=served.url(base.format(name)), **_filled(options, name))
        for name in names
    ]
    told = [_told(client) for _ in TURNS for client in clients]
    for client in clients:
        client.close()
    assert told == [
        (name, str(position), str(position)) for position in range(len(TURNS)) for name in names
    ]
    assert served.position() == before


def test_the_base_url_wins_over_the_key_and_without_either_it_is_the_default_session(
    served: Served, start: int
) -> None:
    with Anthropic(base_url=served.url("/s/by-url/anthropic"), api_key="llmsim-by-key") as client:
        assert _told(client) == ("by-url", "0", "0")
    with Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
        assert _told(client) == ("default", str(start), "0")


def test_a_session_counts_on_whether_it_streams_or_not(served: Served) -> None:
    with Anthropic(base_url=served.url("/s/streamed/anthropic"), api_key="unused") as client:
        said = []
        for _ in range(2):
            said.append(of_type(TextBlock, client.messages.create(**REQUEST).content[0]).text)
            with client.messages.stream(**REQUEST) as stream:
                said.append("".join(stream.text_stream))
    assert said == [str(number) for number in range(4)]


def test_a_name_that_is_none_is_a_bad_request_error_in_anthropics_shape(served: Served) -> None:
    before = served.position()
    with (
        Anthropic(base_url=served.url("/anthropic"), api_key="llmsim-no name") as client,
        pytest.raises(BadRequestError) as raised,
    ):
        client.messages.create(**REQUEST)
    assert (raised.value.type, of_type(dict, raised.value.body)["request_id"]) == (
        "invalid_request_error",
        raised.value.request_id,
    )
    assert "'no name' is no session name" in present(raised.value.api_message)
    assert served.position() == before
