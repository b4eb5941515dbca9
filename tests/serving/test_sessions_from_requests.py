"""Sessions that requests name in places that the settings list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from flask.testing import FlaskClient
from openai import OpenAI

from llmsim.serving.session import session_found
from llmsim.settings import Settings
from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import CHAT, MESSAGES, ROUTE_OF, ROUTES, body_for, request_to
from tests.running import PATIENCE, Server, numbered, write_script

THREAD = "019ab3f0-7d51-7a62-b0d3-3c7ad6a1c2f4"
CODEX_HEADERS = {
    "session-id": THREAD,
    "thread-id": THREAD,
    "x-client-request-id": THREAD,
    "originator": "codex_exec",
    "Authorization": "Bearer sk-proj-secret",
}
CODEX_BODY = {
    "instructions": "You are a coding agent.",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "Go."}]}],
    "stream": True,
    "prompt_cache_key": THREAD,
    "client_metadata": {"session_id": THREAD, "thread_id": THREAD},
}
CLAUDE_USER = f"user_{'0a' * 32}_account__session_{THREAD}"
CLAUDE_USER_JSON = json.dumps({"device_id": "0a" * 32, "session_id": THREAD})

MADE = re.compile("c-[0-9a-f]{16}")


@pytest.fixture
def make(make_client: MakeClient) -> Any:
    return lambda *sources, **more: make_client(*numbered(5), session_from=sources, **more)


def session(
    client: FlaskClient,
    headers: dict[str, str] | None = None,
    route: str = CHAT,
    prefix: str = "",
    **fields: Any,
) -> str:
    answer = client.post(prefix + route, json=body_for(route, **fields), headers=headers or {})
    assert answer.status_code == 200, answer.data
    return str(answer.headers["X-LLMSim-Session"])


@pytest.mark.parametrize(
    "source",
    [
        "header:session-id",
        "header:Thread-Id",
        "body:prompt_cache_key",
        "body:client_metadata.session_id",
    ],
)
def test_the_requests_of_codex_name_their_thread(make: Any, source: str) -> None:
    client = make("header:x-other", source, "key")
    for position in range(2):
        answer = client.post(
            ROUTE_OF["responses"], headers=CODEX_HEADERS, json={"model": "m", **CODEX_BODY}
        )
        assert answer.headers["X-LLMSim-Session"] == THREAD
        assert answer.headers["X-LLMSim-Position"] == str(position)
    found = entries(client, THREAD)
    assert [entry["request_body"]["prompt_cache_key"] for entry in found] == [THREAD] * 2


@pytest.mark.parametrize("user", [CLAUDE_USER, CLAUDE_USER_JSON])
def test_the_requests_of_claude_code_name_their_session_by_a_digest(make: Any, user: str) -> None:
    client = make("body:metadata.user_id")
    route = ROUTE_OF["anthropic"]
    names = [session(client, route=route, metadata={"user_id": user}) for _ in range(2)]
    other = session(client, route=route, metadata={"user_id": user + "x"})
    assert names[0] == names[1] != other
    assert MADE.fullmatch(names[0])
    assert MADE.fullmatch(other)
    assert len(entries(client, names[0])) == 2


def test_a_digest_is_the_same_on_every_run() -> None:
    environ = {"HTTP_SESSION_ID": "a b"}
    settings = Settings(session_from=("header:session-id",))
    assert session_found(environ, settings) == "c-bb37dea5c027f928"


def test_the_first_source_that_a_request_has_counts(make: Any) -> None:
    client = make("header:session-id", "body:user", "body:metadata.a.b", "key")
    key = {"Authorization": "Bearer k"}
    by_key = session(client, key)
    assert MADE.fullmatch(by_key)
    assert session(client, key, metadata={"a": {"b": "deep"}}) == "deep"
    assert session(client, key, metadata={"a": {"b": "deep"}}, user="u") == "u"
    assert session(client, {**key, "session-id": "h"}, user="u") == "h"
    assert session(client) == "default"


def test_url_header_and_key_come_before_all_sources(make: Any) -> None:
    client = make("header:session-id", "body:user", "key")
    named = {"session-id": "h"}
    assert session(client, named, prefix="/s/a", user="u") == "a"
    assert session(client, {**named, "X-LLMSim-Session": "b"}, user="u") == "b"
    assert session(client, {**named, "Authorization": "Bearer llmsim-c"}, user="u") == "c"


def test_a_key_and_a_header_that_may_be_secret_are_never_a_name(make: Any) -> None:
    client = make("header:x-tenant-token", "key")
    secret = "sk-secret-1"
    bearer = session(client, {"Authorization": f"Bearer {secret}"})
    assert bearer == session(client, {"x-api-key": secret})
    assert bearer != session(client, {"x-api-key": "sk-secret-2"})
    by_header = session(client, {"x-tenant-token": secret})
    for name in (bearer, by_header):
        assert MADE.fullmatch(name)
        assert secret not in json.dumps(entries(client, name))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (7, "7"),
        ("a" * 64, "a" * 64),
        ("", "default"),
        (None, "default"),
        (True, "default"),
        (1.5, "default"),
        (["a"], "default"),
        ({"a": 1}, "default"),
    ],
)
def test_a_text_or_an_integer_of_the_body_names_a_session(make: Any, value: Any, name: str) -> None:
    assert session(make("body:user"), user=value) == name


@pytest.mark.parametrize("value", ["..", "a" * 65, "ä", "\ud83d", "a b", "a/b"])
def test_what_is_no_name_becomes_a_digest(make: Any, value: str) -> None:
    client = make("body:user")
    content = json.dumps(request_to("chat", user=value))
    answer = client.post(CHAT, data=content, content_type="application/json")
    assert MADE.fullmatch(answer.headers["X-LLMSim-Session"])


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_finds_the_session_in_the_body(make: Any, route: str) -> None:
    assert session(make("body:metadata.id"), route=route, metadata={"id": "m"}) == "m"


def test_side_requests_belong_to_the_same_session(make: Any) -> None:
    client = make("header:session-id", "body:metadata.user_id")
    body = {"model": "m", "messages": MESSAGES, "metadata": {"user_id": "u"}}
    counted = client.post("/anthropic/v1/messages/count_tokens", json=body)
    assert counted.status_code == 200
    assert client.post("/openai/v1/unknown", json=body).status_code == 404
    assert client.get("/openai/v1/models", headers={"session-id": "u"}).status_code == 200
    assert [entry["path"] for entry in entries(client, "u")] == [
        "/anthropic/v1/messages/count_tokens",
        "/openai/v1/unknown",
        "/openai/v1/models",
    ]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": b'{"user": "u", '}, 400),
        ({"data": b"[1]"}, 400),
        ({"data": b"\x00" * (2**20 + 1)}, 413),
        ({"data": b'{"user": "u"}', "headers": {"Content-Encoding": "gzip"}}, 415),
    ],
)
def test_a_body_that_cannot_be_read_names_no_session_and_is_refused_on_record(
    make: Any, sent: dict[str, Any], status: int
) -> None:
    client = make("body:user", "key", max_body_mb=1)
    headers = {"Authorization": "Bearer k", **sent.get("headers", {})}
    answer = client.post(CHAT, data=sent["data"], headers=headers, content_type="application/json")
    assert answer.status_code == status
    name = session(client, {"Authorization": "Bearer k"})
    refused, served = entries(client, name)
    assert (refused["status"], refused["position"]) == (status, None)
    assert (served["status"], served["position"]) == (200, 0)


def test_a_body_that_is_well_read_and_refused_belongs_to_its_session(make: Any) -> None:
    client = make("body:user")
    assert client.post(CHAT, json={"user": "u", "model": 7}).status_code == 400
    (entry,) = entries(client, "u")
    assert (entry["status"], entry["request_body"]) == (400, {"user": "u", "model": 7})


def test_a_full_table_is_a_503_and_deleting_the_made_ones_makes_room(make: Any) -> None:
    client = make("body:user", max_sessions=3)
    session(client)
    for number in range(2):
        session(client, user=f"user {number}")
    full = client.post(CHAT, json=body_for(CHAT, user="user 2"))
    assert full.status_code == 503
    assert "LLMSIM_MAX_SESSIONS" in full.get_json()["error"]["message"]
    assert client.delete("/llmsim/sessions?prefix=c-").get_json() == {"sessions": 2}
    assert MADE.fullmatch(session(client, user="user 2"))


def test_without_the_setting_no_such_place_is_looked_at(make: Any) -> None:
    assert session(make(), {"session-id": "h", "x-api-key": "k"}, user="u") == "default"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("from_requests")
    script = write_script(directory / "s.json", *numbered(3), on_exhausted="error")
    with Server(
        directory,
        script,
        LLMSIM_WORKERS="3",
        LLMSIM_MAX_BODY_MB="1",
        LLMSIM_SESSION_FROM="header:session-id, body:metadata.user_id,body:prompt_cache_key",
    ) as running:
        yield running


def test_conversations_of_the_sdks_have_each_their_turns_over_several_workers(
    server: Server,
) -> None:
    def codex(number: int) -> list[str]:
        with OpenAI(base_url=f"{server.origin}/openai/v1", api_key="k") as client:
            return [
                client.responses.create(
                    model="gpt-5", input="Go.", prompt_cache_key=f"thread-{number}"
                ).output_text
                for _ in range(3)
            ]

    def claude(number: int) -> list[str]:
        with Anthropic(base_url=f"{server.origin}/anthropic", api_key="k") as client:
            said = []
            for _ in range(3):
                with client.messages.stream(
                    model="claude-sonnet-5",
                    max_tokens=9,
                    messages=[{"role": "user", "content": "Go."}],
                    metadata={"user_id": f"{CLAUDE_USER}{number}"},
                ) as stream:
                    said.append(stream.get_final_text())
            return said

    with ThreadPoolExecutor(8) as pool:
        ran = [pool.submit(each, number) for number in range(8) for each in (codex, claude)]
        assert [each.result() for each in ran] == [["0", "1", "2"]] * 16


def test_a_chunked_body_names_its_session_and_one_that_is_too_large_is_refused(
    server: Server,
) -> None:
    url = server.origin + CHAT
    body = json.dumps(request_to("chat", prompt_cache_key="chunked")).encode()

    def parts(content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), 70_000):
            yield content[start : start + 70_000]

    answer = httpx.post(url, content=parts(body + b" " * 200_000), timeout=PATIENCE)
    assert answer.headers["X-LLMSim-Session"] == "chunked"
    # Another connection: a server that reads no further closes this one.
    refused = httpx.post(
        url, content=body + b" " * 2**20, headers={"session-id": "big"}, timeout=PATIENCE
    )
    assert refused.status_code == 413
    entries = httpx.get(f"{server.origin}/llmsim/sessions/big/requests", timeout=PATIENCE).json()
    assert [entry["status"] for entry in entries["entries"]] == [413]
