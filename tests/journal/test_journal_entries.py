"""What stands in an entry: every field right, for every way in which a request can end."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Assistant, Script
from llmsim.conversation import Request
from llmsim.journal.keeping import Keeping
from llmsim.journal.read import Mark, Reader
from llmsim.playback import chooser_of
from llmsim.serving import shared
from llmsim.serving.record import Record
from llmsim.serving.rendering import HOST
from llmsim.settings import Settings
from llmsim.store.base import Store
from tests.conftest import MakeClient, MakeStore
from tests.each import for_each
from tests.journal.asking import ask, entries, is_empty, journal, post
from tests.requests import API_OF, CHAT, MESSAGES, ROUTE_OF, ROUTES, body_for
from tests.running import numbered, text


@for_each("route", ROUTES)
@for_each("stream", [False, True])
def test_an_answered_request_has_an_entry_with_every_field_right(
    make_client: MakeClient, route: str, stream: bool
) -> None:
    client = make_client(text("zero"), text("one"), on_exhausted="loop")
    for _ in range(3):
        before = time.time()
        response = ask(
            client,
            "a",
            route,
            {"x-stainless-retry-count": "2", "User-Agent": "test/1"},
            stream=stream,
            extra=[1],
        )
        after = time.time()
    found = entries(client)
    assert len(found) == 3
    entry = found[2]
    sent = body_for(route, stream=stream, extra=[1])
    assert before - 0.001 <= entry.pop("time") <= after + 0.001
    assert 0 < entry.pop("duration_ms") <= (after - before) * 1000 + 1
    assert entry.pop("chunks") >= 1
    headers = entry.pop("request_headers")
    assert (
        headers
        | {
            "content-type": "application/json",
            "user-agent": "test/1",
            "x-stainless-retry-count": "2",
        }
        == headers
    )
    assert entry == {
        "generation": response.headers["X-LLMSim-Generation"],
        "session": "a",
        "position": 2,
        "order": "arrival",
        "step": None,
        "try": None,
        "conversation": None,
        "turn": 0,
        "script": None,
        "track": "main",
        "api": API_OF[route],
        "method": "POST",
        "path": route,
        "stream": stream,
        "retry_count": 2,
        "request_bytes": len(json.dumps(sent)),
        "request_truncated": False,
        "request_body": sent,
        "status": 200,
        "worker": f"{HOST}:{os.getpid()}",
        "answer": {"blocks": [{"type": "text", "text": "zero"}]},
        "outcome": "completed",
        "bytes": len(response.data),
    }
    assert entry["worker"] == response.headers["X-LLMSim-Worker"]


def test_the_entries_of_sessions_and_of_the_default_one_stand_apart(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(9))
    for session in ("a", "b", "a", "default"):
        ask(client, session)
    client.post(CHAT, json=body_for(CHAT))
    found = {
        session: [(entry["session"], entry["position"]) for entry in entries(client, session)]
        for session in ("a", "b", "default")
    }
    assert found == {
        "a": [("a", 0), ("a", 1)],
        "b": [("b", 0)],
        "default": [("default", 0), ("default", 1)],
    }


def test_blocks_stand_in_an_entry_as_they_were_played(make_client: MakeClient) -> None:
    arguments = {"deep": [1, {"x": "\u2028ü"}], "n": 10**30}
    client = make_client(
        {
            "type": "mixed",
            "text": 'say "ü\u2028\n"',
            "calls": [{"name": "f", "arguments": arguments}, {"name": "g", "id": "call_42"}],
        },
        {"type": "tool_calls", "calls": [{"name": "h", "arguments": []}]},
    )
    answers = [ask(client).get_json()["choices"][0]["message"] for _ in range(2)]
    first, second = (entry["answer"]["blocks"] for entry in entries(client))
    assert first == [
        {"type": "text", "text": 'say "ü\u2028\n"'},
        {
            "type": "tool_call",
            "id": answers[0]["tool_calls"][0]["id"],
            "name": "f",
            "arguments": arguments,
        },
        {"type": "tool_call", "id": "call_42", "name": "g", "arguments": {}},
    ]
    assert second == [
        {"type": "tool_call", "id": answers[1]["tool_calls"][0]["id"], "name": "h", "arguments": []}
    ]


FAILURES: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"kind": "rate_limit"}, 429, "rate_limit", "rate_limit_exceeded"),
    ({"kind": "timeout", "message": "slow"}, 504, "timeout", "timeout"),
    ({"kind": "invalid_request", "message": "bad"}, 400, "invalid_request", None),
    ({"kind": "other", "message": "boom", "status_code": 418}, 418, "other", None),
]


@pytest.mark.parametrize("route", ROUTE_OF.values())
@pytest.mark.parametrize("stream", [False, True])
def test_a_scripted_failure_has_its_entry_with_position_and_turn(
    make_client: MakeClient, route: str, stream: bool
) -> None:
    client = make_client(
        *({"type": "error", **turn} for turn, *_ in FAILURES), on_exhausted="error"
    )
    for _ in range(5):
        response = ask(client, "a", route, stream=stream)
    *scripted, exhausted = entries(client)
    for at, (entry, (turn, status, kind, code)) in enumerate(zip(scripted, FAILURES, strict=True)):
        assert (entry["position"], entry["turn"], entry["status"], entry["stream"]) == (
            at,
            at,
            status,
            stream,
        )
        failure = entry["answer"]["failure"]
        assert (failure["status"], failure["kind"], failure["code"]) == (status, kind, code)
        assert failure["message"] == turn.get("message", failure["message"]) != ""
        assert (entry["outcome"], entry["request_body"]) == (
            "completed",
            body_for(route, stream=stream),
        )
    assert (exhausted["position"], exhausted["turn"], exhausted["status"]) == (4, None, 500)
    assert exhausted["answer"]["failure"]["code"] == "script_exhausted"
    assert exhausted["bytes"] == len(response.data)


REFUSED = [
    (b"{", 400, None),
    (b"[1]", 400, "invalid_type"),
    (b'{"model": "m"}', 400, "missing_required_parameter"),
    (b"", 400, None),
    (b"x" * (2**20 + 1), 413, "request_too_large"),
]


@pytest.mark.parametrize("route", ROUTE_OF.values())
def test_a_refused_request_has_its_entry_without_a_position(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(*numbered(3), max_body_mb=1)
    ask(client, "a", route)
    answers = [
        post(client, body, "a", route, {"x-stainless-retry-count": "1"}) for body, *_ in REFUSED
    ]
    ask(client, "a", route)
    first, *refused, last = entries(client)
    assert (first["position"], last["position"]) == (0, 1)
    for entry, response, (_, status, code) in zip(refused, answers, REFUSED, strict=True):
        assert response.status_code == status
        assert {entry[name] for name in ("position", "turn", "order", "step", "try")} == {None}
        assert (entry["track"], entry["conversation"]) == (None, None)
        assert entry["generation"] == first["generation"]
        assert (entry["session"], entry["api"], entry["path"], entry["status"]) == (
            "a",
            API_OF[route],
            route,
            status,
        )
        failure = entry["answer"]["failure"]
        assert failure["message"] == response.get_json()["error"]["message"]
        assert (failure["status"], failure["code"]) == (
            status,
            code if API_OF[route] != "openresponses" else failure["code"],
        )
        assert (entry["outcome"], entry["bytes"], entry["chunks"]) == (
            "completed",
            len(response.data),
            1,
        )
        assert entry["worker"] == f"{HOST}:{os.getpid()}"


def made(client: FlaskClient) -> FlaskClient:
    """The client, with the session `a` made."""
    client.post("/llmsim/sessions", json={"name": "a"})
    return client


@pytest.mark.parametrize("mode", ["full", "meta", "off"])
def test_a_request_that_is_refused_makes_its_session_as_any_other_does(
    make_client: MakeClient, mode: str
) -> None:
    client = make_client(text("a"), journal_mode=mode)
    assert post(client, b'{"messages": []}').status_code == 400
    session = client.get("/llmsim/sessions/a").get_json()
    assert (session["position"], session["script"]) == (0, "default")
    found = [(entry["status"], entry["generation"]) for entry in entries(client)]
    assert found == ([] if mode == "off" else [(400, session["generation"])])
    assert ask(client).headers["X-LLMSim-Generation"] == session["generation"]


def test_a_refused_request_that_finds_the_table_full_is_refused_all_the_same_and_leaves_nothing(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"), max_sessions=1)
    ask(client, "a")
    before = {path.name for path in tmp_path.iterdir()}
    assert [post(client, b"{", f"no-room-{at}").status_code for at in range(5)] == [400] * 5
    assert {path.name for path in tmp_path.iterdir()} == before
    assert len(client.get("/llmsim/sessions").get_json()["sessions"]) == 1


def test_what_a_refused_request_sent_stands_in_its_entry_where_it_was_json(
    make_client: MakeClient,
) -> None:
    client = made(make_client(text("a")))
    for body in (b"[1]", b'{"model": 7}', b'"text"', b"null"):
        post(client, body)
    assert [entry["request_body"] for entry in entries(client)] == [[1], {"model": 7}, "text", None]
    assert [entry["request_bytes"] for entry in entries(client)] == [3, 12, 6, 4]


def test_of_a_body_that_is_not_json_the_beginning_is_kept_up_to_what_may_be_a_credential(
    make_client: MakeClient,
) -> None:
    client = made(make_client(text("a"), journal_body_limit_kb=1))
    long = b'{"model": "' + b"x" * 2000
    for body in (b'{"model": "m", ', b'{"model": 1, "api_key": "sk-hidden", ', long, b"\xff\xc3"):
        post(client, body)
    found = entries(client)
    assert [entry["request_body"] for entry in found] == [None] * 4
    assert [(entry["request_text"], entry["request_truncated"]) for entry in found] == [
        ('{"model": "m", ', False),
        ('{"model": 1, "[redacted]', True),
        (long[:1024].decode(), True),
        ("\ufffd\ufffd", False),
    ]
    assert found[1]["request_bytes"] == 37


@pytest.mark.parametrize("body", [b"{", b"x" * (2**20 + 1)], ids=["no JSON", "too large"])
def test_the_headers_of_a_refused_request_stand_in_its_entry(
    make_client: MakeClient, body: bytes
) -> None:
    client = made(make_client(text("a"), max_body_mb=1))
    post(client, body, headers={"x-stainless-retry-count": "1", "User-Agent": "test/1"})
    (entry,) = entries(client)
    assert entry["request_headers"]["user-agent"] == "test/1"
    assert entry["retry_count"] == 1


def test_a_request_that_finds_the_table_full_leaves_no_file_behind(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"), max_sessions=1)
    ask(client, "a")
    before = {path.name for path in tmp_path.iterdir()}
    for number in range(5):
        assert ask(client, f"no-room-{number}").status_code == 503
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("header", "count"),
    [
        (None, None),
        ("0", 0),
        ("2", 2),
        ("", None),
        ("x", None),
        ("-1", None),
        ("1.5", None),
        ("\xb2", None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:5],
)
def test_the_retry_count_is_what_the_sdk_says_where_it_is_a_number(
    make_client: MakeClient, header: str | None, count: int | None
) -> None:
    client = make_client(text("a"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    assert (
        ask(
            client, headers={} if header is None else {"x-stainless-retry-count": header}
        ).status_code
        == 200
    )
    assert [entry["retry_count"] for entry in entries(client)] == [count]


def test_headers_are_kept_by_a_list_of_harmless_ones(make_client: MakeClient) -> None:
    client = make_client(text("a")).application.test_client(
        use_cookies=False
    )  # else it sends its own cookies only
    kept = {
        "user-agent": "test/1",
        "openai-organization": "org",
        "x-stainless-lang": "python",
        "anthropic-version": "1",
        "idempotency-key": "i",
    }
    secret = {
        name: "hidden"
        for name in (
            "Authorization",
            "x-api-key",
            "Cookie",
            "Proxy-Authorization",
            "x-goog-api-key",
            "api-key",
            "X-Custom",
            "Referer",
        )
    }
    ask(client, headers=kept | secret)
    (entry,) = entries(client)
    assert entry["request_headers"] | kept == entry["request_headers"]
    assert set(entry["request_headers"]) - set(kept) <= {"content-type", "content-length"}
    assert "hidden" not in json.dumps(entry)


def test_a_query_string_is_not_kept(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    ask(client, "a")
    client.post(f"/s/a{CHAT}?api_key=hidden", json=body_for(CHAT))
    assert [entry["path"] for entry in entries(client)] == [CHAT, CHAT]
    assert "hidden" not in json.dumps(entries(client))


# Bodies and modes


def big(size: int) -> str:
    """A request of exactly so many bytes."""
    return json.dumps(body_for(CHAT, pad="x" * (size - len(json.dumps(body_for(CHAT, pad=""))))))


@pytest.mark.parametrize("kib", [1, 64])
def test_a_body_of_the_limit_is_kept_whole_and_a_larger_one_is_cut_to_it(
    make_client: MakeClient, kib: int
) -> None:
    client = make_client(text("a"), journal_body_limit_kb=kib)
    limit = kib * 1024
    exact, over = big(limit), big(limit + 1)
    for body in (exact, over, big(10 * limit)):
        post(client, body)
    whole, cut, far_over = entries(client)
    assert (whole["request_body"], whole["request_truncated"]) == (json.loads(exact), False)
    assert "request_text" not in whole
    for entry, body in ((cut, over), (far_over, big(10 * limit))):
        assert (entry["request_body"], entry["request_truncated"]) == (None, True)
        assert (entry["request_text"], entry["request_bytes"]) == (body[:limit], len(body))


def test_the_limit_of_a_body_is_1_mib_where_nothing_else_is_set(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for size in (2**20, 2**20 + 1):
        post(client, big(size))
    assert [entry["request_truncated"] for entry in entries(client)] == [False, True]


def test_a_body_is_not_cut_inside_of_a_character(make_client: MakeClient) -> None:
    client = make_client(text("a"), journal_body_limit_kb=1)
    for shift in range(4):
        post(
            client,
            json.dumps(
                body_for(CHAT, pad="x" * shift + "\U0001f600" * 1000), ensure_ascii=False
            ).encode(),
        )
    for entry in entries(client):
        assert entry["request_truncated"]
        assert re.fullmatch("x{0,3}\U0001f600+", entry["request_text"].partition('"pad": "')[2])
        assert 1024 - 3 <= len(entry["request_text"].encode()) <= 1024


def test_with_a_limit_of_0_nothing_of_a_body_is_kept(make_client: MakeClient) -> None:
    client = make_client(text("a"), journal_body_limit_kb=0)
    ask(client)
    (entry,) = entries(client)
    assert (entry["request_body"], entry["request_truncated"]) == (None, True)
    assert entry["request_text"] == ""


WELL_FORMED = {
    "line ends between tokens": (
        '{"model":\r\n"m",\n"messages":\r[{"role":"user","content":"Hi"}]}\r\n'
    ),
    "escaped line ends": json.dumps(body_for(CHAT, pad="\r\n\n")),
    "characters beyond ASCII": json.dumps(
        body_for(CHAT, pad="ü\u2028\u2029\x85\U0001f600"), ensure_ascii=False
    ),
    "a lone surrogate": json.dumps(body_for(CHAT, pad="\ud83d")),
    "a null character": json.dumps(body_for(CHAT, pad="\0")),
    "long numbers": json.dumps(body_for(CHAT, pad=[10**40, -(10**40), 1e300])),
    "white space around": f"  {json.dumps(body_for(CHAT))}\t\n ",
    "a line of braces": json.dumps(body_for(CHAT, pad='}\n{"generation":null}')),
}


@pytest.mark.parametrize("body", WELL_FORMED.values(), ids=WELL_FORMED.keys())
def test_a_body_stands_in_its_entry_as_the_value_that_it_was(
    make_client: MakeClient, body: str
) -> None:
    client = make_client(text("a"))
    assert post(client, body.encode("utf-8", "surrogatepass")).status_code == 200
    ask(client)
    assert [entry["request_body"] for entry in entries(client)] == [
        json.loads(body),
        body_for(CHAT),
    ]
    lines = client.get("/llmsim/sessions/a/requests.jsonl").data.splitlines()
    assert [json.loads(line)["request_body"] for line in lines] == [
        json.loads(body),
        body_for(CHAT),
    ]


def test_a_byte_order_mark_before_a_body_spoils_no_page(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    assert post(client, b"\xef\xbb\xbf" + json.dumps(body_for(CHAT)).encode()).status_code == 200
    assert [entry["request_body"] for entry in entries(client)] == [body_for(CHAT)]


@pytest.mark.parametrize("route", ROUTE_OF.values())
def test_meta_keeps_neither_bodies_nor_blocks_but_failures(
    make_client: MakeClient, tmp_path: Path, route: str
) -> None:
    client = make_client(
        text("said-words"), {"type": "error", "kind": "rate_limit"}, journal_mode="meta"
    )
    for stream in (False, True):
        ask(client, "a", route, stream=stream, pad="sent-words")
    post(client, b'{"model": "sent-words"}', "a", route)
    said, failed, refused = entries(client)
    assert (said["position"], said["status"], said["request_bytes"]) == (
        0,
        200,
        len(json.dumps(body_for(route, stream=False, pad="sent-words"))),
    )
    assert "answer" not in said
    assert failed["answer"]["failure"]["kind"] == "rate_limit"
    assert refused["status"] == 400
    for entry in (said, failed, refused):
        assert not {"request_body", "request_truncated"} & set(entry)
    written = b"".join(path.read_bytes() for path in tmp_path.glob("journal-*"))
    assert b"sent-words" not in written
    assert b"said-words" not in written


def test_off_keeps_nothing_and_answers_as_before(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(*numbered(3), journal_mode="off")
    for stream in (False, True):
        assert ask(client, stream=stream).status_code == 200
    assert post(client, b"{").status_code == 400
    assert is_empty(journal(client))
    assert client.get("/llmsim/sessions/a/requests.jsonl").data == b""
    assert list(tmp_path.glob("journal-*")) == []


# How an answer ends


def recorded(store: Store, **settings: Any) -> Record:
    record = Record(Keeping.by_default(Settings(**settings)), {"PATH_INFO": CHAT}, "a", "chat")
    claim, script = store.claim("a"), Script([Assistant("Hi")])
    request = Request()
    taken = chooser_of(script).order_for(request).decide(request).taken(claim, request)
    record.took(taken, None, stream=True)
    return record


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    made = make_store()
    made.publish(b"{}")
    return made


def stored(store: Store) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Reader(store, "a").read(Mark(), 100).current]


def test_an_entry_is_there_before_the_last_bytes_are_handed_on_and_not_earlier(
    store: Store,
) -> None:
    parts = iter(recorded(store).written([b"1", b"22", b"333"], store))
    assert (next(parts), next(parts)) == (b"1", b"22")
    assert stored(store) == []
    assert next(parts) == b"333"
    (entry,) = stored(store)
    assert (entry["outcome"], entry["bytes"], entry["chunks"]) == ("completed", 6, 3)
    assert list(parts) == []
    assert stored(store) == [entry]


@pytest.mark.parametrize(("taken", "size"), [(1, 0), (2, 1), (3, 3)])
def test_an_entry_counts_what_went_out_before_the_client_was_gone(
    store: Store, taken: int, size: int
) -> None:
    parts = iter(recorded(store).written([b"1", b"22", b"333"], store))
    for _ in range(taken):
        next(parts)
    parts.close()  # type: ignore[attr-defined]
    (entry,) = stored(store)
    assert (entry["outcome"], entry["bytes"], entry["chunks"]) == ("client_gone", size, taken - 1)
    assert entry["position"] == 0


def test_an_entry_that_is_amended_leaves_its_neighbours_alone(store: Store) -> None:
    answers = [iter(recorded(store).written([b"1", b"22"], store)) for _ in range(3)]
    for parts in answers:
        assert b"".join(next(parts) for _ in range(2)) == b"122"
    answers[1].close()  # type: ignore[attr-defined]
    for parts in answers:
        list(parts)
    assert [(entry["position"], entry["outcome"], entry["bytes"]) for entry in stored(store)] == [
        (0, "completed", 3),
        (1, "client_gone", 1),
        (2, "completed", 3),
    ]


def test_an_entry_whose_journal_was_cleared_meanwhile_is_not_amended_into_another(
    store: Store,
) -> None:
    old = iter(recorded(store).written([b"1", b"22"], store))
    assert b"".join(next(old) for _ in range(2)) == b"122"
    store.reset("a")
    for _ in recorded(store).written([b"1", b"22"], store):
        pass
    old.close()  # type: ignore[attr-defined]
    assert [entry["outcome"] for entry in stored(store)] == ["completed"]


def connected() -> tuple[socket.socket, socket.socket]:
    """The two ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        return listening.accept()[0], theirs


LEAVING: dict[str, tuple[Callable[[socket.socket], object], str]] = {
    "stays": (lambda theirs: None, "completed"),
    "asks for more": (lambda theirs: theirs.sendall(b"POST / "), "completed"),
    "has said all": (lambda theirs: theirs.shutdown(socket.SHUT_WR), "completed"),
    "has gone": (lambda theirs: theirs.close(), "client_gone"),
}


@pytest.mark.parametrize(("leave", "outcome"), LEAVING.values(), ids=LEAVING)
def test_a_client_that_has_gone_is_told_from_one_that_listens_although_the_socket_takes_the_bytes(
    store: Store, leave: Callable[[socket.socket], object], outcome: str
) -> None:
    ours, theirs = connected()
    with ours, theirs:
        leave(theirs)
        for part in Record(
            Keeping.by_default(Settings()),
            {"PATH_INFO": CHAT, "gunicorn.socket": ours},
            "a",
            "chat",
        ).written([b"1"], store):
            ours.sendall(part)
    assert [entry["outcome"] for entry in stored(store)] == [outcome]


def test_an_answer_over_tls_goes_out_whole(store: Store) -> None:
    """A TLS socket takes no flags, which is a ValueError."""
    one, other = socket.socketpair()
    with (
        one,
        other,
        ssl.create_default_context().wrap_socket(
            one, server_hostname="x", do_handshake_on_connect=False
        ) as secured,
    ):
        environ = {"PATH_INFO": CHAT, "gunicorn.socket": secured}
        assert list(
            Record(Keeping.by_default(Settings()), environ, "a", "chat").written(
                [b"1", b"22"], store
            )
        ) == [
            b"1",
            b"22",
        ]


@pytest.mark.parametrize("route", [ROUTE_OF["responses"], ROUTE_OF["openresponses"], CHAT])
def test_a_client_that_leaves_in_the_middle_of_a_stream_has_an_entry_that_says_so(
    make_client: MakeClient, route: str
) -> None:
    client = make_client(text("word " * 2000))
    whole = len(ask(client, "a", route, stream=True).data)
    response = client.post(f"/s/a{route}", json=body_for(route, stream=True), buffered=False)
    first = next(iter(response.response))
    response.close()
    assert [(entry["outcome"], entry["bytes"], entry["chunks"]) for entry in entries(client)][
        1:
    ] == [("client_gone", 0, 0)]
    assert 0 < len(first) < whole
    assert ask(client, "a", route).headers["X-LLMSim-Position"] == "2"


# Rewinds


def in_flight(client: FlaskClient) -> Any:
    """An answer that has begun, and ends once its `data` is read."""
    return client.post(f"/s/a{CHAT}", json=body_for(CHAT, stream=True), buffered=False)


def test_a_request_in_flight_over_a_rewind_is_stale_and_not_among_the_new_ones(
    make_client: MakeClient,
) -> None:
    client = make_client(text("word " * 2000))
    ask(client)
    begun = in_flight(client)
    client.post("/llmsim/sessions/a/reset")
    ask(client)
    assert begun.data.endswith(b"[DONE]\n\n")
    ask(client)
    page = journal(client)
    assert [entry["position"] for entry in page["entries"]] == [0, 1]
    assert [(entry["position"], entry["generation"]) for entry in page["stale"]] == [
        (1, begun.headers["X-LLMSim-Generation"])
    ]
    assert {entry["generation"] for entry in page["entries"]} == {
        client.get("/llmsim/sessions/a").get_json()["generation"]
    }
    assert journal(client, "a", "wait_for=3&timeout=0.05")["timed_out"] is True
    lines = client.get("/llmsim/sessions/a/requests.jsonl").data.splitlines()
    assert [json.loads(line)["position"] for line in lines] == [0, 1]


def switch(client: FlaskClient, way: str) -> None:
    """Give the session another script, as a user can."""
    turns = [text("other")]
    if way == "put":
        client.put("/llmsim/sessions/a/script", json={"turns": turns})
    else:
        assert shared._shared is not None
        assert shared._shared.publish(Script.from_spec({"turns": turns}))


@pytest.mark.parametrize("way", ["put", "publish"])
def test_a_request_in_flight_over_a_new_script_is_stale_and_those_before_are_not(
    make_client: MakeClient, way: str
) -> None:
    client = make_client(text("word " * 2000))
    for _ in range(2):
        old = ask(client)
    begun = in_flight(client)
    switch(client, way)
    ask(client)
    assert begun.data.endswith(b"[DONE]\n\n")
    ask(client)
    page = journal(client)
    assert [entry["position"] for entry in page["entries"]] == [0, 1]
    assert [(entry["position"], entry["generation"]) for entry in page["stale"]] == [
        (2, begun.headers["X-LLMSim-Generation"])
    ]
    assert old.headers["X-LLMSim-Generation"] == begun.headers["X-LLMSim-Generation"]


def test_a_request_that_ends_after_a_new_script_and_before_its_first_request_is_stale(
    make_client: MakeClient,
) -> None:
    client = make_client(text("word " * 2000))
    ask(client)
    begun = in_flight(client)
    switch(client, "put")
    assert begun.data
    assert [entry["position"] for entry in journal(client)["stale"]] == [1]


def test_a_request_that_ends_after_its_session_was_deleted_is_not_of_the_next(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("word " * 2000))
    begun = in_flight(client)
    client.delete("/llmsim/sessions/a")
    assert begun.data
    assert list(tmp_path.glob("journal-*")) == []
    ask(client)
    page = journal(client)
    assert ([entry["position"] for entry in page["entries"]], page["stale"]) == ([0], [])


@pytest.mark.parametrize("way", ["put", "publish"])
def test_over_a_new_script_the_entries_before_stay_readable_until_the_session_is_reset(
    make_client: MakeClient, way: str
) -> None:
    client = make_client(*numbered(9))
    before = [ask(client) for _ in range(3)][-1].headers["X-LLMSim-Generation"]
    post(client, b"{")
    switch(client, way)
    after = ask(client).headers["X-LLMSim-Generation"]
    for query, expected in (
        ("", [(after, 0)]),
        (f"generation={after}", [(after, 0)]),
        (f"generation={before}", [(before, 0), (before, 1), (before, 2), (before, None)]),
        ("generation=0123456789abcdef", []),
    ):
        page = journal(client, "a", query)
        found = [(entry["generation"], entry["position"]) for entry in page["entries"]]
        assert (found, page["stale"]) == (expected, []), query
        exported = client.get(f"/llmsim/sessions/a/requests.jsonl?{query}").data
        assert [json.loads(line) for line in exported.splitlines()] == page["entries"]
    client.post("/llmsim/sessions/a/reset")
    assert entries(client, "a", f"generation={before}") == []


def test_entries_of_an_earlier_generation_come_by_pages_and_can_be_waited_for(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(9))
    for _ in range(5):
        before = ask(client).headers["X-LLMSim-Generation"]
    switch(client, "put")
    ask(client)
    found: list[int] = []
    since = "0"
    while len(found) < 5:
        page = journal(client, "a", f"generation={before}&since={since}&limit=2")
        assert page["rewound"] is False
        found, since = found + [entry["position"] for entry in page["entries"]], page["next"]
    assert found == list(range(5))
    query = f"generation={before}&timeout=0"
    assert journal(client, "a", f"{query}&wait_for=5")["timed_out"] is False
    assert journal(client, "a", f"{query}&wait_for=6")["timed_out"] is True


def test_lost_state_answers_503_with_a_whole_body(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(text("a"))
    ask(client)
    assert shared._shared is not None
    shared._shared.store.detach()  # type: ignore[attr-defined]
    (tmp_path / "cursors").unlink()
    response = client.post(CHAT, json={"model": "m", "messages": MESSAGES})
    assert response.status_code == 503
    assert response.get_json()["error"]["code"] == "store_unavailable"
