"""What the control API refuses, and what it says then.

Always JSON, always with what would be right.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.serving import shared
from tests.conftest import MakeClient
from tests.running import text

JSON = "application/json"
PUT = "/llmsim/sessions/a/script"


def refused(response: Any, status: int, code: str) -> str:
    """The message of an answer that refuses in the way that is expected."""
    assert (response.status_code, response.content_type) == (status, JSON), response.data
    error = response.get_json()["error"]
    assert set(error) - {"problems"} == {"message", "code"}
    assert error["code"] == code
    message: str = error["message"]
    return message


def problems(response: Any) -> list[str]:
    found: list[str] = response.get_json()["error"]["problems"]
    return found


def nothing_was_made(client: FlaskClient) -> bool:
    return not client.get("/llmsim/sessions").get_json()["sessions"]


@pytest.mark.parametrize(
    ("body", "named", "nearest"),
    [
        ({"nmae": "a"}, "nmae", "name"),
        ({"name": "a", "scirpt": {}}, "scirpt", "script"),
        ({"name": "a", "Script": {}}, "Script", "script"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(
    make_client: MakeClient, body: dict[str, Any], named: str, nearest: str
) -> None:
    client = make_client(text("a"))
    message = refused(client.post("/llmsim/sessions", json=body), 400, "invalid_fields")
    assert (
        f"unknown field '{named}'; expected one of 'name', 'script', 'journal', "
        f"'body_limit_kb', 'protocol'; "
        f"did you mean '{nearest}'?" in message
    )
    assert nothing_was_made(client)


def test_all_that_is_wrong_with_a_body_is_said_at_once(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    response = client.post("/llmsim/sessions", json={"name": 7, "script": [], "x": 1, "y": 2})
    refused(response, 400, "invalid_fields")
    assert sorted(problem.partition(":")[0] for problem in problems(response)) == [
        "name",
        "script",
        "x",
        "y",
    ]
    assert nothing_was_made(client)


@pytest.mark.parametrize(
    "body",
    [
        {"name": 7},
        {"name": None},
        {"name": ["a"]},
        {"name": ""},
        {"name": "a b"},
        {"name": "a\n"},
        {"name": "ä"},
        {"name": "a" * 65},
        {"name": "."},
        {"name": ".."},
    ],
)
def test_a_name_that_is_none_is_refused_in_a_body(
    make_client: MakeClient, body: dict[str, Any]
) -> None:
    client = make_client(text("a"))
    assert "name: " in refused(client.post("/llmsim/sessions", json=body), 400, "invalid_fields")
    assert nothing_was_made(client)


@pytest.mark.parametrize("value", [[], [text("a")], 7, None, True])
def test_a_script_that_is_no_object_is_refused_in_a_body(
    make_client: MakeClient, value: Any
) -> None:
    client = make_client(text("a"))
    body = {"name": "a", "script": value}
    message = refused(client.post("/llmsim/sessions", json=body), 400, "invalid_fields")
    assert message.startswith("script: ")
    assert value is None or message.endswith('; a script is an object: {"turns": [...]}')
    assert nothing_was_made(client)


QUERIES = [
    ("/llmsim/sessions", "limit=0"),
    ("/llmsim/sessions", "limit=10001"),
    ("/llmsim/sessions", "state=done"),
    ("/llmsim/sessions", "limit=ten"),
    ("/llmsim/sessions", "limit="),
    ("/llmsim/sessions", "limit=1.5"),
    ("/llmsim/sessions", "after=-1"),
    ("/llmsim/sessions/a/requests", "limit=0"),
    ("/llmsim/sessions/a/requests", "limit=1001"),
    ("/llmsim/sessions/a/requests", "since=-1"),
    ("/llmsim/sessions/a/requests", "since=x"),
    ("/llmsim/sessions/a/requests", "since=7"),
    ("/llmsim/sessions/a/requests", "since=0123456789abcdef-"),
    ("/llmsim/sessions/a/requests", "generation=x"),
    ("/llmsim/sessions/a/requests.jsonl", "generation=0123456789ABCDEF"),
    ("/llmsim/sessions/a/requests", "wait_for=-1"),
    ("/llmsim/sessions/a/requests", "wait_for=x"),
    ("/llmsim/sessions/a/requests", "timeout=-1"),
    ("/llmsim/sessions/a/requests", "timeout=301"),
    ("/llmsim/sessions/a/requests", "timeout=nan"),
    ("/llmsim/sessions/a/requests", "timeout=inf"),
]


def test_a_wrong_value_in_a_query_is_refused_by_name(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    for path, query in QUERIES:
        assert f"{query.partition('=')[0]}: " in refused(
            client.get(f"{path}?{query}"), 400, "invalid_fields"
        ), query


@pytest.mark.parametrize(
    ("method", "path", "query", "nearest"),
    [
        ("GET", "/llmsim/sessions", "limits=1", "limit"),
        ("GET", "/llmsim/sessions/a/requests", "sinse=1", "since"),
        ("GET", "/llmsim/sessions/a/requests", "wait-for=1", "wait_for"),
    ],
)
def test_an_unknown_name_in_a_query_is_refused_with_the_nearest(
    make_client: MakeClient, method: str, path: str, query: str, nearest: str
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    assert f"did you mean '{nearest}'?" in refused(
        client.open(f"{path}?{query}", method=method), 400, "invalid_fields"
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/llmsim/sessions/a"),
        ("GET", "/llmsim/openapi.json"),
        ("GET", "/llmsim/sessions/a/script"),
    ],
)
def test_an_operation_that_takes_no_query_refuses_one(
    make_client: MakeClient, method: str, path: str
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    assert "unknown field 'x'" in refused(
        client.open(f"{path}?x=1", method=method), 400, "invalid_fields"
    )


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/llmsim/sessions/a/reset"), ("DELETE", "/llmsim/sessions/a")]
)
def test_an_operation_that_takes_no_field_refuses_one_and_does_nothing(
    make_client: MakeClient, method: str, path: str
) -> None:
    client = make_client(text("a"))
    generation = client.post("/llmsim/sessions", json={"name": "a"}).get_json()["generation"]
    assert "unknown field 'x'" in refused(
        client.open(path, method=method, json={"x": 1}), 400, "invalid_fields"
    )
    assert client.get("/llmsim/sessions/a").get_json()["generation"] == generation


OF_ONE_SESSION = [
    ("GET", "/llmsim/sessions/{}"),
    ("GET", "/llmsim/sessions/{}/script"),
    ("DELETE", "/llmsim/sessions/{}"),
    ("POST", "/llmsim/sessions/{}/reset"),
    ("GET", "/llmsim/sessions/{}/requests"),
    ("GET", "/llmsim/sessions/{}/requests?generation=0123456789abcdef"),
    ("GET", "/llmsim/sessions/{}/requests.jsonl"),
]


@pytest.mark.parametrize(("method", "path"), OF_ONE_SESSION)
def test_a_session_that_is_not_there_is_a_404_and_is_not_made(
    make_client: MakeClient, method: str, path: str
) -> None:
    client = make_client(text("a"))
    message = refused(client.open(path.format("nope"), method=method), 404, "session_not_found")
    assert "'nope'" in message
    assert "POST /llmsim/sessions" in message
    assert nothing_was_made(client)


@pytest.mark.parametrize(
    ("method", "path"), [*OF_ONE_SESSION, ("PUT", "/llmsim/sessions/{}/script")]
)
def test_a_bad_name_in_a_path_is_a_400(make_client: MakeClient, method: str, path: str) -> None:
    client = make_client(text("a"))
    body: dict[str, Any] = {"json": {"turns": [text("a")]}} if method == "PUT" else {}
    for name in ("a%20b", "a%0A", "%C3%A4", "a" * 65, "a*", "%2E", "%2E%2E"):
        assert "1 to 64 of the characters" in refused(
            client.open(path.format(name), method=method, **body), 400, "invalid_session"
        )
    assert nothing_was_made(client)


def test_a_name_that_is_taken_is_a_409_and_changes_nothing(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    made = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    message = refused(
        client.post("/llmsim/sessions", json={"name": "a", "script": {"turns": [text("own")]}}),
        409,
        "session_exists",
    )
    assert "/llmsim/sessions/a/reset" in message
    assert client.get("/llmsim/sessions/a").get_json() == made


def test_a_full_table_is_a_503_that_names_the_setting(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"), max_sessions=1)
    client.post("/llmsim/sessions", json={"name": "a"})
    files = {path.name for path in tmp_path.iterdir()}
    own = {"turns": [text("own")]}
    for response in (
        client.post("/llmsim/sessions", json={"name": "b"}),
        client.post("/llmsim/sessions", json={"name": "b", "script": own}),
        client.put("/llmsim/sessions/b/script", json=own),
    ):
        assert "LLMSIM_MAX_SESSIONS" in refused(response, 503, "store_unavailable")
    assert client.get("/llmsim/sessions/b").status_code == 404
    assert {path.name for path in tmp_path.iterdir()} == files


WRONG = """{
 "turns": [
  {"type": "assistant", "text": 7},
  {"type": "error", "kind": "ratelimit"},
  {"type": "assistant", "txet": "a", "text": "b"}
 ],
 "on_exhausted": "lop"
}"""
WRONG_AT = [
    "3:33: $.turns[0].text: ",
    "4:29: $.turns[1].kind: unknown error kind 'ratelimit'",
    "5:25: $.turns[2].txet: unknown key 'txet'",
    "7:18: $.on_exhausted: ",
]


def test_a_wrong_script_is_refused_with_every_problem_at_its_line_and_column(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    response = client.put(PUT, data=WRONG, content_type=JSON)
    message = refused(response, 400, "invalid_script")
    assert "$.turns[0].text" in message
    assert [
        found.startswith(f"script:{expected}")
        for found, expected in zip(problems(response), WRONG_AT, strict=True)
    ] == [True] * 4
    assert "did you mean 'rate_limit'?" in problems(response)[1]
    assert nothing_was_made(client)


def test_a_wrong_script_in_a_body_is_refused_with_every_problem_and_makes_no_session(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    response = client.post(
        "/llmsim/sessions", data='{"name": "a", "script": ' + WRONG + "}", content_type=JSON
    )
    refused(response, 400, "invalid_script")
    paths = [expected.split(" ", 1)[1] for expected in WRONG_AT]
    assert [path in found for found, path in zip(problems(response), paths, strict=True)] == [
        True
    ] * 4
    assert nothing_was_made(client)


def test_a_script_that_is_refused_leaves_the_old_one_playing(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    before = client.put(PUT, json={"turns": [text("x"), text("y")]}).get_json()
    client.put(PUT, data=WRONG, content_type=JSON)
    assert client.get("/llmsim/sessions/a").get_json() == before


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (b"", "script:1:1: $: not JSON"),
        (b"{", "script:1:2: $: not JSON"),
        (b'{"turns": [],\n "turns": []}', "script:2:2: $.turns: duplicate key 'turns'"),
        (b"\xff", "not UTF-8"),
        (b"[]", "script:1:1: $: "),
        (b"null", "script:1:1: $: "),
        (b"{}", "script:1:1: $: "),
        (b'{"turns": []}', "$.turns"),
    ],
)
def test_what_is_no_script_at_all_is_refused_at_its_place(
    make_client: MakeClient, script: bytes, problem: str
) -> None:
    response = make_client(text("a")).put(PUT, data=script, content_type=JSON)
    refused(response, 400, "invalid_script")
    assert problem in problems(response)[0]


@pytest.mark.parametrize("body", [b"{", b"a=b", b"\xff", b'{"name": NaN}', b"[" * 100_000])
@pytest.mark.parametrize("path", ["/llmsim/sessions", "/llmsim/sessions/a/reset"])
def test_a_body_that_is_not_json_is_a_400(make_client: MakeClient, path: str, body: bytes) -> None:
    client = make_client(text("a"))
    response = client.post(path, data=body, content_type=JSON)
    assert (response.status_code, response.content_type) == (400, JSON)
    assert "not valid JSON" in response.get_json()["error"]["message"]
    assert nothing_was_made(client)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name": "a",\n "name": "b"}', "body:2:2: $.name: duplicate key 'name'"),
        (
            b'{"script": {"turns": [{"type": "echo", "type": "echo"}]}}',
            "body:1:40: $.script.turns[0].type: duplicate key 'type'",
        ),
    ],
)
def test_a_key_that_stands_twice_in_a_body_is_refused_at_its_place(
    make_client: MakeClient, body: bytes, place: str
) -> None:
    client = make_client(text("a"))
    message = refused(
        client.post("/llmsim/sessions", data=body, content_type=JSON), 400, "invalid_request"
    )
    assert place in message
    assert nothing_was_made(client)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[]", "an array"), (b'"a"', "a string"), (b"7", "a number"), (b"null", "null")],
)
def test_a_body_that_is_no_object_is_a_400_that_says_what_it_is(
    make_client: MakeClient, body: bytes, kind: str
) -> None:
    client = make_client(text("a"))
    assert f"got {kind}" in refused(
        client.post("/llmsim/sessions", data=body, content_type=JSON), 400, "invalid_type"
    )
    assert nothing_was_made(client)


WRITES = [
    ("POST", "/llmsim/sessions", b'{"name": "b"}'),
    ("PUT", "/llmsim/sessions/a/script", b'{"turns": [{"type": "assistant", "text": "own"}]}'),
    ("POST", "/llmsim/sessions/a/reset", b"{}"),
    ("DELETE", "/llmsim/sessions/a", b"{}"),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_body_that_is_not_sent_as_json_is_a_415_and_does_nothing(
    make_client: MakeClient, method: str, path: str, body: bytes
) -> None:
    client = make_client(text("a"))
    before = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/jsonx",
    ):
        message = refused(
            client.open(path, method=method, data=body, content_type=content_type),
            415,
            "unsupported_content_type",
        )
        assert "application/json" in message
    assert client.get("/llmsim/sessions/a").get_json() == before
    assert client.get("/llmsim/sessions/b").status_code == 404


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_body_that_is_compressed_is_a_415_and_does_nothing(
    make_client: MakeClient, method: str, path: str, body: bytes
) -> None:
    client = make_client(text("a"))
    before = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    headers = {"Content-Encoding": "gzip"}
    answer = client.open(
        path,
        method=method,
        data=gzip.compress(body),
        headers=headers,
        content_type="application/json",
    )
    assert "'gzip'" in refused(answer, 415, "unsupported_content_encoding")
    assert client.get("/llmsim/sessions/a").get_json() == before


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/vnd.x+json"],
)
def test_a_body_that_is_sent_as_json_is_taken(
    make_client: MakeClient, method: str, path: str, body: bytes, content_type: str
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    assert client.open(path, method=method, data=body, content_type=content_type).status_code in (
        200,
        201,
        204,
    )


@pytest.mark.parametrize(("method", "path"), [("POST", "/llmsim/sessions"), ("PUT", PUT)])
def test_a_script_over_the_limit_is_a_413_that_names_its_own_setting(
    make_client: MakeClient, method: str, path: str
) -> None:
    client = make_client(text("a"), max_script_mb=1, max_body_mb=5)
    own = {"turns": [text("x" * 2**20)]}
    message = refused(
        client.open(path, method=method, json=own if method == "PUT" else {"script": own}),
        413,
        "request_too_large",
    )
    assert "1 MiB" in message
    assert "max_script_mb" in message
    assert nothing_was_made(client)


def test_a_script_may_be_larger_than_the_body_of_a_provider_s_request(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"), max_script_mb=3, max_body_mb=1)
    assert client.put(PUT, json={"turns": [text("x" * 2 * 2**20)]}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/llmsim/nope", 404),
        ("POST", "/llmsim/sessions/a/nope", 404),
        ("PATCH", "/llmsim/sessions", 405),
        ("PUT", "/llmsim/sessions", 405),
        ("GET", "/llmsim/reset", 405),
        ("POST", "/llmsim/sessions/a", 405),
        ("DELETE", "/llmsim/sessions/a/script", 405),
        ("GET", "/llmsim/sessions/a/reset", 405),
    ],
)
def test_a_wrong_route_or_method_is_json_that_names_it(
    make_client: MakeClient, method: str, path: str, status: int
) -> None:
    response = make_client(text("a")).open(path, method=method)
    assert (response.status_code, response.content_type) == (status, JSON)
    assert path in response.get_json()["error"]["message"]
    assert ("Allow" in response.headers) == (status == 405)


def test_a_failure_inside_llmsim_is_json(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("llmsim.control.sessions.described", lambda *_: 1 // 0)
    response = client.post("/llmsim/sessions", json={"name": "a"})
    assert (response.status_code, response.content_type) == (500, JSON)
    assert response.get_json()["error"]["message"]


def test_lost_state_is_a_503(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(text("a"))
    assert shared._shared is not None
    shared._shared.store.detach()  # type: ignore[attr-defined]
    (tmp_path / "cursors").unlink()
    assert "state directory" in refused(client.get("/llmsim/sessions"), 503, "store_unavailable")
