"""Secrets inside of bodies do not come into the journal, and what is none does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmsim.journal import redact
from llmsim.journal.redact import REDACTED, beginning, redacted
from tests.conftest import MakeClient
from tests.each import for_each
from tests.journal.asking import entries, post
from tests.requests import CHAT, body_for
from tests.running import text

HIDDEN = "hush-4711"


def kept(value: Any, **options: Any) -> Any:
    """What the journal keeps of a value."""
    body = json.dumps(value, **options).encode()
    return json.loads(redacted(body, json.loads(body)))


SECRET_KEYS = [
    *("authorization", "Authorization", "AUTHORIZATION", "authorization_token"),
    *("proxy-authorization", "Proxy-Authorization"),
    *("headers", "Headers", "http_headers", "extra_headers", "extraHeaders"),
    *("api_key", "apiKey", "apikey", "API_KEY", "api-key", "x-api-key", "X-API-Key", "xApiKey"),
    "domain_secrets",
]
PLACES: dict[str, Callable[[Any], Any]] = {
    "the request": lambda definition: definition,
    "an MCP server of the Responses API": lambda definition: {
        "tools": [{"type": "mcp", "server_label": "s"} | definition]
    },
    "a tool of Chat Completions": lambda definition: {
        "tools": [{"type": "function", "function": {"name": "f"} | definition}]
    },
    "an MCP server of Anthropic": lambda definition: {
        "mcp_servers": [{"type": "url", "url": "https://mcp.example.com"} | definition]
    },
    "a tool that was found": lambda definition: {
        "input": [{"type": "tool_search_output", "tools": [definition]}]
    },
    "what a tool connects to": lambda definition: {
        "tools": [{"type": "mcp", "connector": {"deep": [[definition]]}}]
    },
    "the second of two requests": lambda definition: [{}, definition],
}


@for_each("key", SECRET_KEYS)
@for_each(
    "value",
    [HIDDEN, {"any": HIDDEN}, [HIDDEN], [{"a": [HIDDEN]}]],
)
@for_each("place", PLACES)
def test_what_stands_where_providers_put_credentials_is_redacted(
    key: str, value: Any, place: Callable[[Any], Any]
) -> None:
    sent = place({"a": 1, key: value, "z": [2]})
    assert kept(sent) == place({"a": 1, key: REDACTED, "z": [2]})
    assert HIDDEN in json.dumps(sent)  # the request itself goes on with what it holds


ARGUMENTS = {"password": "p4ss", "headers": {"authorization": "x"}, "api_key": "k", "token": 1}
SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ARGUMENTS},
    "required": ["password"],
}
AS_SENT: dict[str, Any] = {
    "a tool of Chat Completions": {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]
    },
    "a tool of the Responses API": {"tools": [{"type": "function", "parameters": SCHEMA}]},
    "a tool of Anthropic": {
        "tools": [{"name": "f", "input_schema": SCHEMA, "input_examples": [ARGUMENTS]}]
    },
    "the format of an answer": {
        "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
        "text": {"format": {"type": "json_schema", "schema": SCHEMA}},
    },
    "a call of Chat Completions": {
        "messages": [
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "c", "function": {"name": "f", "arguments": json.dumps(ARGUMENTS)}}
                ],
            }
        ]
    },
    "a call of the Responses API": {
        "input": [{"type": "function_call", "name": "f", "arguments": json.dumps(ARGUMENTS)}]
    },
    "a call of Anthropic": {
        "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "input": ARGUMENTS}]}
        ]
    },
    "a text": {
        "messages": [{"role": "user", "content": "authorization: postgres://me:pw@db/x api_key=7"}]
    },
    "a text among parts": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "http://a:b@c"}]}]
    },
    "metadata": {"metadata": {"password": "p", "api_key": "k"}},
}


@pytest.mark.parametrize("sent", AS_SENT.values(), ids=AS_SENT)
def test_schemas_calls_and_texts_stay_as_they_were_sent_beside_a_credential_or_not(
    sent: dict[str, Any],
) -> None:
    assert kept(sent) == sent
    assert kept(sent | {"mcp_servers": [{"headers": HIDDEN}]}) == sent | {
        "mcp_servers": [{"headers": REDACTED}]
    }


URLS = [
    ("https://me:hush@mcp.example.com/sse", "https://[redacted]@mcp.example.com/sse"),
    ("https://hush@mcp.example.com", "https://[redacted]@mcp.example.com"),
    ("wss://me:hu@sh@mcp.example.com?a=b@c", "wss://[redacted]@mcp.example.com?a=b@c"),
    ("https://mcp.example.com/@me", "https://mcp.example.com/@me"),
    ("https://mcp.example.com/?to=a@b", "https://mcp.example.com/?to=a@b"),
    (
        "https://mcp.example.com/?api_key=hush&n=1",
        "https://mcp.example.com/?api_key=[redacted]&n=1",
    ),
    ("https://a.b/mcp?n=1&exaApiKey=hush#x", "https://a.b/mcp?n=1&exaApiKey=[redacted]#x"),
    ("wss://me:hush@a.b?token=hush", "wss://[redacted]@a.b?token=[redacted]"),
    (
        "https://a.b/i.png?X-Amz-Credential=h%2Fs&X-Amz-Date=1&X-Amz-Signature=hush",
        "https://a.b/i.png?X-Amz-Credential=[redacted]&X-Amz-Date=1&X-Amz-Signature=[redacted]",
    ),
    ("https://a.b/i.png?sv=1&sig=hush%3D", "https://a.b/i.png?sv=1&sig=[redacted]"),
    ("https://a.b/?keyword=x&signed=1&token=", "https://a.b/?keyword=x&signed=1&token="),
]
WITH_URLS: dict[str, Callable[[str], Any]] = {
    "an MCP server of the Responses API": lambda url: {"tools": [{"server_url": url}]},
    "an MCP server of Anthropic": lambda url: {"mcp_servers": [{"type": "url", "url": url}]},
    "a list": lambda url: {"tools": [{"allowed": [url]}]},
    "an image of Chat Completions": lambda url: {
        "messages": [{"content": [{"type": "image_url", "image_url": {"url": url}}]}]
    },
    "an image of the Responses API": lambda url: {
        "input": [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]
    },
    "a file of the Responses API": lambda url: {
        "input": [{"role": "user", "content": [{"type": "input_file", "file_url": url}]}]
    },
    "an image of Anthropic": lambda url: {
        "messages": [{"content": [{"type": "image", "source": {"type": "url", "url": url}}]}]
    },
}


@for_each(("url", "expected"), URLS)
@for_each("place", WITH_URLS)
def test_what_a_url_has_of_credentials_is_redacted(
    url: str, expected: str, place: Callable[[str], Any]
) -> None:
    assert kept(place(url)) == place(expected)


@for_each(
    "body",
    [
        *({name: odd} for name in ("tools", "mcp_servers") for odd in (None, 7, "x", [7, ["x"]])),
        *({name: odd} for name in ("messages", "input") for odd in (None, 7, "x", [7, ["x"]])),
        *({"messages": [{"content": odd}]} for odd in (None, 7, [None, 7], {"a": 1})),
        {"messages": [{"content": [{"type": ["image"]}, {"type": {}}]}]},
        *(7, "text", None, [], [[{"headers": "x"}]]),
    ],
)
def test_what_no_api_takes_is_kept_as_it_is(body: Any) -> None:
    assert kept(body) == body


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
ESCAPED += ["x\\u002dapi\\u002dkey", "api\\u002Dkey"]
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


@pytest.mark.parametrize("empty", [None, "", {}, [], 0, False])
def test_an_empty_value_is_no_secret_and_stays(empty: Any) -> None:
    assert kept({"headers": empty, "x": 1}) == {"headers": empty, "x": 1}


def test_numbers_that_json_cannot_write_hide_no_secret() -> None:
    body = f'{{"n": 1e999, "api_key": "{HIDDEN}"}}'.encode()
    assert HIDDEN.encode() not in redacted(body, json.loads(body))


def test_nesting_that_cannot_be_written_hides_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_deep(value: Any) -> bytes:
        if value == REDACTED:
            return b'"[redacted]"'
        raise RecursionError

    monkeypatch.setattr(redact, "ascii_json", too_deep)
    body = json.dumps({"api_key": HIDDEN}).encode()
    assert redacted(body, json.loads(body)) == b'"[redacted]"'


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
        assert REDACTED in entry["request_text"]
    (written,) = (path.read_bytes() for path in tmp_path.glob("journal-*"))
    assert HIDDEN.encode() not in written
    assert b"mcp.example.com" in written


def test_a_refused_request_is_kept_without_its_secrets(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    post(client, json.dumps({"model": 7, "tools": MCP["tools"], "api_key": HIDDEN}))
    post(client, json.dumps([{"api_key": HIDDEN}]))
    first, second = entries(client)
    assert first["request_body"]["api_key"] == REDACTED
    assert second["request_body"] == [{"api_key": REDACTED}]
    assert HIDDEN.encode() not in b"".join(
        path.read_bytes() for path in tmp_path.iterdir() if path.is_file()
    )


# Text that is no JSON

BROKEN = [
    '{"model": "m", "api_key": "%s"',
    '{"model": "m", "tools": [{"headers": {"Authorization": "Bearer %s"',
    "{'authorization': '%s'}",
    '{"model": "m", "\\u0061uthorizati\\u006Fn": "%s"',
    '{"model": "m", "\\u0041PI\\u005fKEY": "%s"',
    "model=m&api_key=%s&n=1",
    "model=m&token=%s",
    '{"model": "m", "server_url": "https://me:%s@mcp.example.com"',
    '{"model": "m", "server_url": "https://mcp.example.com/?key=%s"',
    '{"model": "m", "key": "sk-%s"',
    '{"model": "m", "max_tokens": 7, "access_token": "%s"',
]


@pytest.mark.parametrize("body", BROKEN)
def test_text_that_is_no_json_ends_before_what_may_be_a_credential(body: str) -> None:
    found = beginning(body % HIDDEN)
    assert HIDDEN not in found
    assert found.endswith(REDACTED)
    assert "model" in found or body.startswith("{'")


def test_text_that_is_no_json_and_names_no_credential_is_kept() -> None:
    broken = '{"model": "m", "max_tokens": 7, "messages": [{"content": "task-force ü"'
    assert beginning(broken) == broken
