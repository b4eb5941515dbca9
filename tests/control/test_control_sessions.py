"""Every operation on sessions as it should go, and what it does to the turns that are served."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.serving import shared
from llmsim.store.base import Blob
from tests.conftest import MakeClient
from tests.requests import CHAT, request_to
from tests.running import numbered, text, write_script
from tests.stress.hosts import Served, started

BODY = request_to("chat")


def ask(client: FlaskClient, session: str) -> tuple[str, int, str]:
    """The text, position and generation of a session's next answer."""
    response = client.post(f"/s/{session}{CHAT}", json=BODY)
    said: str = response.get_json()["choices"][0]["message"]["content"]
    return said, int(response.headers["X-LLMSim-Position"]), response.headers["X-LLMSim-Generation"]


def said(client: FlaskClient, session: str) -> str:
    return ask(client, session)[0]


def names(client: FlaskClient) -> set[str]:
    return {session["name"] for session in client.get("/llmsim/sessions").get_json()["sessions"]}


def script(*words: str) -> dict[str, Any]:
    return {"turns": [text(word) for word in words], "on_exhausted": "loop"}


# POST /sessions


def test_a_session_is_made_with_a_name_and_a_script_of_its_own(make_client: MakeClient) -> None:
    client = make_client(text("default"))
    response = client.post(
        "/llmsim/sessions", json={"name": "a", "script": script("own 0", "own 1", "own 2")}
    )
    assert (response.status_code, response.content_type) == (201, "application/json")
    made = response.get_json()
    assert set(made) == {
        *("name", "position", "generation", "script", "turns", "turns_used", "state"),
        *("requests", "errors", "last", "entries", "base_urls"),
    }
    assert (made["name"], made["position"], made["script"], made["turns"]) == ("a", 0, "own", 3)
    assert re.fullmatch("[0-9a-f]{16}", made["generation"])
    assert ask(client, "a") == ("own 0", 0, made["generation"])
    assert said(client, "default") == "default"


def test_a_session_without_a_script_plays_the_default_one(make_client: MakeClient) -> None:
    client = make_client(*numbered(2))
    made = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    assert (made["script"], made["turns"]) == ("default", 2)
    assert ask(client, "a") == ("0", 0, made["generation"])


@pytest.mark.parametrize("body", [{"json": {}}, {}, {"data": b"", "content_type": "text/plain"}])
def test_a_session_without_a_name_gets_one_that_no_other_has(
    make_client: MakeClient, body: dict[str, Any]
) -> None:
    client = make_client(text("a"))
    made = [client.post("/llmsim/sessions", **body).get_json()["name"] for _ in range(20)]
    assert len(set(made)) == 20
    assert names(client) == set(made)
    assert said(client, made[0]) == "a"


def test_the_default_session_can_be_made_with_a_script_of_its_own(make_client: MakeClient) -> None:
    client = make_client(text("shared"))
    client.post("/llmsim/sessions", json={"name": "default", "script": script("own")})
    response = client.post(CHAT, json=BODY)
    assert response.get_json()["choices"][0]["message"]["content"] == "own"
    assert said(client, "other") == "shared"


BASES = {
    "openai": "/openai/v1",
    "openresponses": "/openresponses/v1",
    "anthropic": "/anthropic",
    "bare": "/v1",
}


@pytest.mark.parametrize(
    ("host", "public_url", "root"),
    [
        ("http://localhost", "", "http://localhost"),
        ("http://127.0.0.1:8765", "", "http://127.0.0.1:8765"),
        ("http://[::1]:8080", "", "http://[::1]:8080"),
        ("http://llmsim:8080", "", "http://llmsim:8080"),
        ("http://my_llmsim:8080", "", "http://my_llmsim:8080"),
        ("http://127.0.0.1:8765", "https://sim.example.com", "https://sim.example.com"),
        ("http://127.0.0.1:8765", "https://sim.example.com/", "https://sim.example.com"),
        ("http://127.0.0.1:8765", "https://example.com/sim", "https://example.com/sim"),
    ],
)
def test_base_urls_begin_with_the_host_that_was_asked_or_with_the_public_url(
    make_client: MakeClient, host: str, public_url: str, root: str
) -> None:
    client = make_client(text("a"), public_url=public_url)
    expected = {api: f"{root}/s/a{base}" for api, base in BASES.items()}
    assert (
        client.post("/llmsim/sessions", json={"name": "a"}, base_url=host).get_json()["base_urls"]
        == expected
    )
    assert client.get("/llmsim/sessions/a", base_url=host).get_json()["base_urls"] == expected


def test_the_base_urls_serve_that_session(make_client: MakeClient) -> None:
    client = make_client(text("default"))
    urls = client.post("/llmsim/sessions", json={"name": "a", "script": script("own")}).get_json()[
        "base_urls"
    ]
    routes = [
        ("openai", "/chat/completions"),
        ("openai", "/responses"),
        ("openresponses", "/responses"),
        ("bare", "/chat/completions"),
        ("bare", "/responses"),
    ]
    for at, (api, route) in enumerate(routes):
        response = client.post(
            urls[api].removeprefix("http://localhost") + route, json=BODY | {"input": "Hi"}
        )
        assert (response.headers["X-LLMSim-Session"], response.headers["X-LLMSim-Position"]) == (
            "a",
            str(at),
        )


def test_whole_numbers_of_any_size_in_a_script_go_out_as_they_came_in(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    number = 123456789012345678901234567890
    own = {"turns": [{"type": "tool_calls", "calls": [{"name": "f", "arguments": {"n": number}}]}]}
    client.put("/llmsim/sessions/put/script", json=own)
    client.post("/llmsim/sessions", json={"name": "posted", "script": own})
    for session in ("put", "posted"):
        message = client.post(f"/s/{session}{CHAT}", json=BODY).get_json()["choices"][0]["message"]
        assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"n": number}, (
            session
        )


# GET /sessions


def test_the_list_is_empty_before_anything_was_asked(make_client: MakeClient) -> None:
    assert make_client(text("a")).get("/llmsim/sessions").get_json() == {
        "sessions": [],
        "next": None,
    }


def test_the_list_says_of_each_session_where_it_stands(make_client: MakeClient) -> None:
    client, before = make_client(*numbered(9)), time.time()
    client.post("/llmsim/sessions", json={"name": "own", "script": script("x")})
    generations = {
        name: [ask(client, name)[2] for _ in range(count)][-1]
        for name, count in (("own", 3), ("default", 2))
    }
    listed = {
        session["name"]: session
        for session in client.get("/llmsim/sessions").get_json()["sessions"]
    }
    for name, position, kind, turns in (("own", 3, "own", 1), ("default", 2, "default", 9)):
        found = listed[name]
        assert before <= found.pop("last") <= time.time()
        assert found == {
            "name": name,
            "position": position,
            "generation": generations[name],
            "script": kind,
            "turns": turns,
            "turns_used": min(position, turns),
            "state": "exhausted" if position >= turns else "unfinished",
            "requests": position,
            "errors": 0,
            "entries": position,
        }
    assert len(listed) == 2


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 7, 100, 250, 1000])
def test_pages_show_each_of_250_sessions_once(make_client: MakeClient, limit: int) -> None:
    client = make_client(text("a"), max_sessions=250)
    made = {f"session-{number}" for number in range(250)}
    for name in made:
        assert client.post("/llmsim/sessions", json={"name": name}).status_code == 201
    found: list[str] = []
    page = {"next": 0}
    while page["next"] is not None:
        page = client.get(f"/llmsim/sessions?after={page['next']}&limit={limit}").get_json()
        assert len(page["sessions"]) <= limit
        found += [session["name"] for session in page["sessions"]]
    assert len(found) == 250
    assert set(found) == made


def test_a_page_holds_100_sessions_where_nothing_else_is_asked(make_client: MakeClient) -> None:
    client = make_client(text("a"), max_sessions=101)
    for _ in range(101):
        client.post("/llmsim/sessions")
    page = client.get("/llmsim/sessions").get_json()
    assert len(page["sessions"]) == 100
    assert len(client.get(f"/llmsim/sessions?after={page['next']}").get_json()["sessions"]) == 1


def test_a_page_far_behind_the_end_is_empty(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions")
    for after in (2**31, 2**63, 10**30):
        assert client.get(f"/llmsim/sessions?after={after}").get_json() == {
            "sessions": [],
            "next": None,
        }


# GET and DELETE /sessions/<name>


def test_a_session_shows_where_it_stands(make_client: MakeClient) -> None:
    client = make_client(*numbered(9))
    generation = [ask(client, "a")[2] for _ in range(3)][-1]
    found = client.get("/llmsim/sessions/a").get_json()
    assert (found["position"], found["generation"], found["script"], found["turns"]) == (
        3,
        generation,
        "default",
        9,
    )


def test_a_deleted_session_is_gone_and_its_next_request_begins_a_new_one(
    make_client: MakeClient,
) -> None:
    client = make_client(text("default"))
    client.post("/llmsim/sessions", json={"name": "a", "script": script("own")})
    generation = ask(client, "a")[2]
    response = client.delete("/llmsim/sessions/a")
    assert (response.status_code, response.data) == (204, b"")
    assert client.get("/llmsim/sessions/a").status_code == 404
    assert names(client) == set()
    words, position, new_generation = ask(client, "a")
    assert (words, position) == ("default", 0)
    assert new_generation != generation
    assert len(client.get("/llmsim/sessions/a/requests").get_json()["entries"]) == 1


def test_a_deleted_session_frees_its_row_and_leaves_no_file(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"), max_sessions=1)
    before = {path.name for path in tmp_path.iterdir()}
    for number in range(20):
        assert (
            client.post(
                "/llmsim/sessions", json={"name": f"s{number}", "script": script("own")}
            ).status_code
            == 201
        )
        assert said(client, f"s{number}") == "own"
        assert client.post("/llmsim/sessions", json={"name": "other"}).status_code == 503
        assert client.delete(f"/llmsim/sessions/s{number}").status_code == 204
    assert {path.name for path in tmp_path.iterdir()} == before


# PUT script, POST reset


def test_a_script_is_put_while_the_session_serves(make_client: MakeClient) -> None:
    client = make_client(*numbered(9))
    assert [ask(client, "a")[:2] for _ in range(3)] == [("0", 0), ("1", 1), ("2", 2)]
    generation = ask(client, "a")[2]
    put = client.put("/llmsim/sessions/a/script", json=script("new 0", "new 1"))
    assert put.status_code == 200
    found = put.get_json()
    assert (found["position"], found["script"], found["turns"]) == (0, "own", 2)
    assert found["generation"] != generation
    assert [ask(client, "a") for _ in range(3)] == [
        (f"new {at % 2}", at, found["generation"]) for at in range(3)
    ]
    assert ask(client, "default")[:2] == ("0", 0)


def test_a_put_script_makes_the_session_that_is_not_there(make_client: MakeClient) -> None:
    client = make_client(text("default"))
    assert client.put("/llmsim/sessions/a/script", json=script("own")).status_code == 200
    assert said(client, "a") == "own"


def test_the_same_script_put_again_rewinds(make_client: MakeClient) -> None:
    client = make_client(text("default"))
    generations = set()
    for _ in range(3):
        generations.add(
            client.put("/llmsim/sessions/a/script", json=script("x", "y")).get_json()["generation"]
        )
        assert [said(client, "a") for _ in range(2)] == ["x", "y"]
    assert len(generations) == 3


def test_a_script_is_put_with_all_its_meaning(make_client: MakeClient) -> None:
    client = make_client(text("default"))
    own = {
        "$schema": "x",
        "description": "d",
        "on_exhausted": "error",
        "turns": [text("only"), {"type": "error", "kind": "rate_limit"}],
    }
    client.put(
        "/llmsim/sessions/a/script",
        data=json.dumps(own),
        content_type="application/json; charset=utf-8",
    )
    assert [client.post(f"/s/a{CHAT}", json=BODY).status_code for _ in range(3)] == [200, 429, 500]


def test_a_reset_rewinds_to_position_0_of_the_same_script_and_clears_the_journal(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(9))
    client.put("/llmsim/sessions/own/script", json=script("x", "y", "z"))
    for name, words in (("own", ["x", "y"]), ("a", ["0", "1"])):
        generation = ask(client, name)[2]
        response = client.post(f"/llmsim/sessions/{name}/reset")
        found = response.get_json()
        assert (response.status_code, found["position"]) == (200, 0)
        assert found["generation"] != generation
        assert client.get(f"/llmsim/sessions/{name}/requests").get_json()["entries"] == []
        assert [ask(client, name) for _ in range(2)] == [
            (word, at, found["generation"]) for at, word in enumerate(words)
        ]
        assert len(client.get(f"/llmsim/sessions/{name}/requests").get_json()["entries"]) == 2


def test_a_reset_leaves_other_sessions_alone(make_client: MakeClient) -> None:
    client = make_client(*numbered(9))
    for name in "ab":
        ask(client, name)
    client.post("/llmsim/sessions/a/reset", json={})
    assert (ask(client, "a")[1], ask(client, "b")[1]) == (0, 1)


# GET script


def test_a_script_is_read_back_as_it_plays_and_can_be_put_again(make_client: MakeClient) -> None:
    client = make_client(*numbered(2))
    own = {
        "description": "d",
        "on_exhausted": "error",
        "turns": [
            {"type": "tool_calls", "calls": [{"name": "f", "arguments": {"n": 10**30}}]},
            text("ü\u2028") | {"comment": "not kept"},
        ],
    }
    client.put("/llmsim/sessions/own/script", json=own)
    found = client.get("/llmsim/sessions/own/script")
    assert (found.status_code, found.content_type) == (200, "application/json")
    assert Script.from_json(found.data) == Script.from_spec(own)
    client.put("/llmsim/sessions/a/script", data=found.data, content_type="application/json")
    assert client.get("/llmsim/sessions/a/script").get_json() == found.get_json()


def test_the_script_of_a_session_without_one_of_its_own_is_the_default_one(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(2), on_exhausted="loop")
    said(client, "a")
    found = client.get("/llmsim/sessions/a/script").get_json()
    assert found == {"on_exhausted": "loop", "turns": numbered(2)}


@pytest.mark.parametrize("path", ["/llmsim/sessions/a", "/llmsim/sessions/a/script", "/s/a/health"])
def test_a_session_whose_script_is_replaced_as_it_is_read_shows_the_new_one(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    client = make_client(text("default"))
    store = shared._shared.store  # type: ignore[union-attr]
    store.put_script("a", Script.from_spec(script("old")).canonical())
    read, replacements = store.script, iter(range(20))

    def replaced_first(key: int) -> Blob:
        """Another process replaces the script after the session was read."""
        if (number := next(replacements, None)) is not None:
            words = [str(at) for at in range(number + 1)]
            store.put_script("a", Script.from_spec(script(*words)).canonical())
        return read(key)

    monkeypatch.setattr(store, "script", replaced_first)
    response = client.get(path)
    assert response.status_code == 200
    found = response.get_json()
    assert found["turns"] == (20 if "script" not in path else numbered(20))


def test_a_script_that_is_lost_in_earnest_is_a_503(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(text("default"))
    store = shared._shared.store  # type: ignore[union-attr]
    store.put_script("a", Script.from_spec(script("own")).canonical())
    for path in tmp_path.glob("script-*"):
        path.unlink()
    assert client.get("/llmsim/sessions/a").status_code == 503


# Over several workers


@pytest.fixture(scope="module", params=["gevent", "three hosts"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sessions")
    script = write_script(folder / "s.json", *numbered(9))
    with started(request.param, folder, script) as running:
        yield running


def test_a_session_can_be_read_at_any_time_while_its_script_is_being_replaced(
    server: Served,
) -> None:
    with ThreadPoolExecutor(8) as pool:

        def put(number: int) -> None:
            own = script(*(str(at) for at in range(number + 1)))
            exchange(server.origin, "PUT", "/llmsim/sessions/a/script", own)

        put(0)
        putting = [pool.submit(put, number) for number in range(80)]
        shown = [
            pool.submit(exchange, server.origin, "GET", path)
            for _ in range(80)
            for path in ("/llmsim/sessions/a", "/llmsim/sessions/a/script", "/s/a/health")
        ]
        for future in putting:
            future.result()
        assert [response.status for response, _ in (future.result() for future in shown)] == [
            200
        ] * 240


def exchange(
    origin: str, method: str, path: str, value: Any = None
) -> tuple[http.client.HTTPResponse, Any]:
    """One request on a connection of its own, so that any worker may answer."""
    connection = http.client.HTTPConnection(origin.removeprefix("http://"), timeout=20)
    try:
        connection.request(
            method,
            path,
            json.dumps(value) if value is not None else None,
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        return response, json.loads(response.read() or "null")
    finally:
        connection.close()


def test_from_the_moment_that_the_call_returned_every_worker_plays_the_new_script_from_its_start(
    server: Served,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        workers = set()
        for round_ in range(15):
            own = script(*(f"{round_}-{at}" for at in range(16)))
            _, put = exchange(server.origin, "PUT", "/llmsim/sessions/a/script", own)
            found = list(
                pool.map(lambda _: exchange(server.origin, "POST", f"/s/a{CHAT}", BODY), range(16))
            )
            taken = {
                int(response.headers["X-LLMSim-Position"]): body["choices"][0]["message"]["content"]
                for response, body in found
            }
            assert taken == {at: f"{round_}-{at}" for at in range(16)}
            assert {response.headers["X-LLMSim-Generation"] for response, _ in found} == {
                put["generation"]
            }
            workers |= {response.headers["X-LLMSim-Worker"] for response, _ in found}
        assert len(workers) > 1


def test_while_scripts_are_swapped_text_and_position_are_of_one_generation(
    server: Served,
) -> None:
    asked = []
    generations: dict[str, str] = {}
    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            own = script(*(f"{number}-{at}" for at in range(300)))
            _, put = exchange(server.origin, "PUT", "/llmsim/sessions/a/script", own)
            generations[put["generation"]] = str(number)
            asked += [
                pool.submit(exchange, server.origin, "POST", f"/s/a{CHAT}", BODY) for _ in range(40)
            ]
    taken = set()
    for response, body in (future.result() for future in asked):
        generation, position = (
            response.headers["X-LLMSim-Generation"],
            response.headers["X-LLMSim-Position"],
        )
        said = body["choices"][0]["message"]["content"]
        assert said == f"{generations[generation]}-{position}"
        taken.add((generation, position))
    assert len(taken) == len(asked)
    assert len({generation for generation, _ in taken}) > 3
