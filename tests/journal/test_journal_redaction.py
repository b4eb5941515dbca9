"""Secrets inside of bodies do not come into the journal, and what is none does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmsim.journal.redact import REDACTED, redacted
from tests.conftest import MakeClient
from tests.journal.asking import entries, post
from tests.requests import CHAT, body_for
from tests.running import text

HIDDEN = "hush-4711"


def kept(value: Any, **options: Any) -> Any:
    """What the journal keeps of a value."""
    body = json.dumps(value, **options).encode()
    return json.loads(redacted(body, json.loads(body)))


@pytest.mark.parametrize(
    "key",
    [
        *(
            "authorization",
            "Authorization",
            "AUTHORIZATION",
            "proxy-authorization",
            "Proxy-Authorization",
            "authorization_token",
        ),
        *(
            "headers",
            "Headers",
            "http_headers",
            "extra_headers",
            "extraHeaders",
            "default-headers",
            "cookie",
            "Cookies",
            "set-cookie",
        ),
        *(
            "api_key",
            "apiKey",
            "apikey",
            "API_KEY",
            "api-key",
            "Api-Key",
            "x-api-key",
            "x_api_key",
            "X-API-Key",
            "xApiKey",
        ),
        *(
            "token",
            "access_token",
            "accessToken",
            "refresh_token",
            "id_token",
            "auth_token",
            "bearer_token",
            "session_token",
            "session-token",
        ),
        *(
            "password",
            "Password",
            "passwd",
            "secret",
            "client_secret",
            "clientSecret",
            "secret_key",
            "access_key",
            "secretAccessKey",
        ),
        *("private_key", "privateKey", "credentials"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [HIDDEN, {"any": HIDDEN}, [HIDDEN], [{"a": [HIDDEN]}]],
    ids=["text", "object", "array", "deep"],
)
def test_whatever_stands_below_the_name_of_a_secret_is_redacted(key: str, value: Any) -> None:
    assert kept({"a": 1, key: value, "z": [2]}) == {"a": 1, key: REDACTED, "z": [2]}


@pytest.mark.parametrize("depth", [0, 1, 10, 200])
def test_secrets_are_redacted_at_any_depth(depth: int) -> None:
    value: Any = {"api_key": HIDDEN, "other": "kept"}
    for level in range(depth):
        value = {"inner": value} if level % 2 else [value]
    found = json.dumps(kept(value))
    assert HIDDEN not in found
    assert REDACTED in found
    assert "kept" in found


@pytest.mark.parametrize("spacing", [":", " :", ": ", "\n\t :\r\n ", "\t:"])
def test_white_space_before_the_value_hides_no_secret(spacing: str) -> None:
    body = f'{{"api_key"{spacing}"{HIDDEN}"}}'.encode()
    assert json.loads(redacted(body, json.loads(body))) == {"api_key": REDACTED}


ESCAPED = [
    "\\u0061uthorization",
    "a\\u0075thorization",
    "\\u0041uthorization",
    "api\\u005fkey",
    "api\\u005Fkey",
    "x-api-ke\\u0079",
]
ESCAPED += ["x\\u002dapi\\u002dkey", "api\\u002Dkey", "set\\u002dcookie"]
ESCAPED += ["".join(f"\\u{ord(letter):04x}" for letter in "headers")]


@pytest.mark.parametrize("key", ESCAPED)
def test_a_name_that_is_written_with_escapes_hides_no_secret(key: str) -> None:
    body = f'{{"{key}": "{HIDDEN}", "kept": 1}}'.encode()
    value = json.loads(body)
    assert json.loads(redacted(body, value)) == {next(iter(value)): REDACTED, "kept": 1}


@pytest.mark.parametrize("order", [(HIDDEN, ""), ("", HIDDEN), (HIDDEN, HIDDEN)])
def test_a_name_that_stands_twice_hides_no_secret(order: tuple[str, str]) -> None:
    body = f'{{"api_key": "{order[0]}", "api_key": "{order[1]}"}}'.encode()
    assert HIDDEN.encode() not in redacted(body, json.loads(body))


ORDINARY: list[dict[str, Any]] = [
    {"max_tokens": 7, "max_completion_tokens": 7, "max_output_tokens": 7},
    {"messages": [{"role": "user", "content": "my api_key is none of your business"}]},
    {"messages": [{"role": "user", "content": 'say "password": now, and authorization: too'}]},
    {"content": "authorization", "name": "token"},
    {
        "tools": [
            {
                "type": "function",
                "function": {"name": "headers", "parameters": {"required": ["token", "password"]}},
            }
        ]
    },
    {
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "logit_bias": {"50256": -100},
        "tokens": 5,
        "tokenizer": "t",
        "secrets_of": "x",
    },
    {
        "total_tokens": 1,
        "token_count": 2,
        "keyboard": "k",
        "monkey": "m",
        "header": "h",
        "headers_seen": 3,
    },
    {"text": "\\u0061 and \u2028 and ü and \ud83d"},
]


@pytest.mark.parametrize("value", ORDINARY, ids=lambda value: next(iter(value)))
@pytest.mark.parametrize("with_secret", [False, True])
def test_what_is_no_secret_stays_as_it_is_beside_one_or_not(
    value: dict[str, Any], with_secret: bool
) -> None:
    secret = {"headers": {"a": HIDDEN}} if with_secret else {}
    assert kept(value | secret) == value | ({"headers": REDACTED} if with_secret else {})


@pytest.mark.parametrize("empty", [None, "", {}, [], 0, False])
def test_an_empty_value_is_no_secret_and_stays(empty: Any) -> None:
    assert kept({"headers": empty, "x": 1}) == {"headers": empty, "x": 1}


def test_numbers_that_json_cannot_write_hide_no_secret() -> None:
    body = f'{{"n": 1e999, "api_key": "{HIDDEN}"}}'.encode()
    assert HIDDEN.encode() not in redacted(body, json.loads(body))


def test_nesting_that_cannot_be_written_hides_no_secret() -> None:
    value: Any = HIDDEN
    for _ in range(100_000):
        value = [value]
    assert HIDDEN.encode() not in redacted(b'{"api_key": 1}', {"other": value, "api_key": HIDDEN})


MCP = {
    "tools": [
        {
            "type": "mcp",
            "server_label": "s",
            "server_url": "https://mcp.example.com",
            "authorization": HIDDEN,
            "headers": {"Authorization": f"Bearer {HIDDEN}", "X-Custom": HIDDEN},
        },
        {
            "type": "mcp",
            "server_label": "t",
            "connector": {"deep": [{"headers": [["Authorization", HIDDEN]]}, {"api_key": HIDDEN}]},
        },
    ],
    "max_tokens": 100,
}


@pytest.mark.parametrize("limit_kb", [1, 64])
def test_the_definition_of_an_mcp_server_is_kept_without_its_secrets(
    make_client: MakeClient, tmp_path: Path, limit_kb: int
) -> None:
    client = make_client(text("a"), journal_body_limit_kb=limit_kb)
    post(client, json.dumps(body_for(CHAT, **MCP, pad="x" * 2000 if limit_kb == 1 else "")))
    (entry,) = entries(client)
    if limit_kb == 64:
        first, second = entry["request_body"]["tools"]
        assert first == MCP["tools"][0] | {"authorization": REDACTED, "headers": REDACTED}  # type: ignore[index]
        assert second["connector"] == {"deep": [{"headers": REDACTED}, {"api_key": REDACTED}]}
        assert entry["request_body"]["max_tokens"] == 100
    else:
        assert entry["request_truncated"]
        assert REDACTED in entry["request_body"]
    (written,) = (path.read_bytes() for path in tmp_path.glob("journal-*"))
    assert HIDDEN.encode() not in written
    assert b"mcp.example.com" in written


def test_a_refused_request_is_kept_without_its_secrets(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    post(client, json.dumps({"model": 7, "tools": MCP["tools"], "password": HIDDEN}))
    post(client, json.dumps([{"password": HIDDEN}]))
    first, second = entries(client)
    assert first["request_body"]["password"] == REDACTED
    assert second["request_body"] == [{"password": REDACTED}]
    assert HIDDEN.encode() not in b"".join(
        path.read_bytes() for path in tmp_path.iterdir() if path.is_file()
    )
