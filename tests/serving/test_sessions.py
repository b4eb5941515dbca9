"""Sessions: which one a request belongs to, and that each has a cursor of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from flask.testing import FlaskClient
from openai import OpenAI

from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import API_OF, CHAT, ROUTE_OF, ROUTES, body_for
from tests.running import Server, numbered, text, write_script

OPENRESPONSES = ROUTE_OF["openresponses"]

BAD_NAMES = ["a b", "a" * 65, "ä", "a*b", "a:b", "'", ".", ".."]
GOOD_NAMES = ["a", "Z", "0", "-", "_", "...", ".a", "a.", "a.b-c_D9", "a" * 64]


def ask(
    client: FlaskClient,
    prefix: str = "",
    route: str = CHAT,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Any:
    return client.post(prefix + route, json=body_for(route, **fields), headers=headers or {})


def error_keys(route: str) -> set[str]:
    return {"type", "message"} | (set() if API_OF[route] == "anthropic" else {"param", "code"})


def place(response: Any) -> tuple[str, int]:
    """The session and the position that an answer proves."""
    return response.headers["X-LLMSim-Session"], int(response.headers["X-LLMSim-Position"])


def position(client: FlaskClient, prefix: str = "") -> int:
    found: int = client.get(f"{prefix}/health").get_json()["position"]
    return found


BEARER = {"Authorization": "Bearer llmsim-by-key"}
X_API_KEY = {"x-api-key": "llmsim-by-key"}
HEADER = {"X-LLMSim-Session": "by-header"}


@for_each(
    ("prefix", "headers", "session"),
    [
        ("", {}, "default"),
        ("", BEARER, "by-key"),
        ("", X_API_KEY, "by-key"),
        ("", {"Authorization": "bearer llmsim-by-key"}, "by-key"),
        ("", {"Authorization": "Bearer llmsim-llmsim-a"}, "llmsim-a"),
        ("", HEADER, "by-header"),
        ("", HEADER | BEARER, "by-header"),
        ("", HEADER | X_API_KEY, "by-header"),
        ("/s/by-prefix", {}, "by-prefix"),
        ("/s/by-prefix", BEARER, "by-prefix"),
        ("/s/by-prefix", X_API_KEY, "by-prefix"),
        ("/s/by-prefix", HEADER, "by-prefix"),
        ("/s/by-prefix", HEADER | BEARER | X_API_KEY, "by-prefix"),
        ("/s/default", HEADER, "default"),
        ("", {"Authorization": "Bearer unused"}, "default"),
        ("", {"Authorization": "Bearer llmsim"}, "default"),
        ("", {"Authorization": "Bearer sk-llmsim-a"}, "default"),
        ("", {"Authorization": "Basic llmsim-a"}, "default"),
        ("", {"x-api-key": "unused"}, "default"),
    ],
)
def test_the_url_prefix_comes_before_the_header_and_the_header_before_the_key(
    make_client: MakeClient, prefix: str, headers: dict[str, str], session: str
) -> None:
    client = make_client(*numbered(3))
    assert place(ask(client, prefix, headers=headers)) == (session, 0)
    assert position(client, f"/s/{session}") == 1
    others = {"default", "by-key", "by-header", "by-prefix"} - {session}
    assert {position(client, f"/s/{other}") for other in others} == {0}


@for_each("name", GOOD_NAMES)
def test_a_name_of_letters_digits_dots_hyphens_and_underscores_is_a_session(
    make_client: MakeClient, name: str
) -> None:
    client = make_client(*numbered(3))
    answers = [
        ask(client, headers={"X-LLMSim-Session": name}),
        ask(client, headers={"Authorization": f"Bearer llmsim-{name}"}),
    ]
    assert [place(answer) for answer in answers] == [(name, 0), (name, 1)]


@for_each("route", ROUTES)
@for_each("name", BAD_NAMES)
def test_a_bad_name_is_a_400_in_the_shape_of_the_api_and_takes_no_turn(
    make_client: MakeClient, route: str, name: str
) -> None:
    client = make_client(*numbered(3))
    latin = name.encode().decode("latin-1")
    by_prefix, by_header = (
        ask(client, f"/s/{name}", route),
        ask(client, route=route, headers={"X-LLMSim-Session": latin}),
    )
    by_key = [
        ask(client, route=route, headers={"Authorization": f"Bearer llmsim-{latin}"}),
        ask(client, route=route, headers={"x-api-key": f"llmsim-{latin}"}),
    ]
    for response in (by_prefix, by_header, *by_key):
        assert (response.status_code, response.content_type) == (400, "application/json")
        error = response.get_json()["error"]
        assert error["type"] == (
            "invalid_request" if API_OF[route] == "openresponses" else "invalid_request_error"
        )
        if API_OF[route] != "anthropic":  # whose errors have type and message alone
            assert (error["param"], error["code"]) == ("session", "invalid_session")
        assert set(error) == error_keys(route)
        assert "1 to 64 of the characters" in error["message"]
        assert "X-LLMSim-Position" not in response.headers
    assert position(client) == 0
    assert client.get("/llmsim/sessions").get_json()["sessions"] == []


def test_a_bad_name_is_repeated_as_it_was_written(make_client: MakeClient) -> None:
    client = make_client(*numbered(1))
    for answer in (
        ask(client, "/s/größe"),
        ask(client, headers={"X-LLMSim-Session": "größe".encode().decode("latin-1")}),
    ):
        assert answer.get_json()["error"]["message"].startswith("'größe' is no session name")


def test_a_bad_name_is_repeated_in_part_only(make_client: MakeClient) -> None:
    message = ask(make_client(text("a")), f"/s/{'x' * 5000}").get_json()["error"]["message"]
    assert "x" * 80 in message
    assert "x" * 81 not in message


def test_an_empty_name_is_a_bad_one_and_not_the_default_session(make_client: MakeClient) -> None:
    client = make_client(*numbered(3))
    assert ask(client, "/s/").status_code == 400
    assert ask(client, headers={"x-api-key": "llmsim-"}).status_code == 400
    assert position(client) == 0


@for_each("route", ROUTES)
@for_each("stream", [False, True])
def test_every_api_answers_below_a_prefix(
    make_client: MakeClient, route: str, stream: bool
) -> None:
    client = make_client(*numbered(3))
    response = ask(client, "/s/a", route, stream=stream)
    assert response.status_code == 200
    assert response.content_type.startswith("text/event-stream" if stream else "application/json")
    assert place(response) == ("a", 0)


@pytest.mark.parametrize("base", ["/openai/v1", "/v1", "/openresponses/v1"])
def test_the_models_answer_below_a_prefix(make_client: MakeClient, base: str) -> None:
    client = make_client(text("a"), models=("m1",))
    assert client.get(f"/s/a{base}/models").get_json() == client.get(f"{base}/models").get_json()
    assert client.get(f"/s/a{base}/models/m1").get_json()["id"] == "m1"
    assert client.get(f"/s/a{base}/models/any/other").get_json()["id"] == "any/other"


def test_health_below_a_prefix_is_that_of_the_session_and_makes_none(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(3))
    assert client.get("/s/a/health").get_json()["position"] == 0
    assert client.get("/llmsim/sessions").get_json()["sessions"] == []
    ask(client, "/s/a")
    assert (position(client, "/s/a"), position(client)) == (1, 0)
    client.put("/llmsim/sessions/a/script", json={"turns": numbered(7)})
    assert (
        client.get("/s/a/health").get_json() | {"turns": 7, "position": 0}
        == client.get("/s/a/health").get_json()
    )
    assert client.get("/s/a b/health").status_code == 400


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/openai/v1/nope", "invalid_request_error"),
        ("/openresponses/v1/nope", "not_found"),
        ("/nope", None),
    ],
)
def test_an_unknown_route_below_a_prefix_is_a_404_in_the_dialect_of_its_api(
    make_client: MakeClient, path: str, type_: str | None
) -> None:
    client = make_client(text("a"))
    response = client.post(f"/s/a{path}", json={})
    assert response.status_code == 404
    error, plain = (answer.get_json()["error"] for answer in (response, client.post(path, json={})))
    assert f"POST /s/a{path};" in error["message"]
    assert error | {"message": plain["message"]} == plain
    assert type_ is None or error["type"] == type_
    listed = client.get("/llmsim/sessions").get_json()["sessions"]
    assert {(session["name"], session["position"]) for session in listed} == {
        ("a", 0),
        ("default", 0),
    }


def test_a_wrong_method_below_a_prefix_is_a_405(make_client: MakeClient) -> None:
    response = make_client(text("a")).get(f"/s/a{CHAT}")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("public_url", ["", "https://sim.example.com"])
@pytest.mark.parametrize("path", ["/s/a", "/s/a/", "/s/a/openai/v1", "/s/a/v1"])
def test_what_answers_at_a_base_below_a_prefix_names_base_urls_of_that_session(
    make_client: MakeClient, path: str, public_url: str
) -> None:
    answer = make_client(text("a"), public_url=public_url).get(path).get_json()
    root = public_url or "http://localhost"
    assert answer["base_urls"] == {
        "openai": f"{root}/s/a/openai/v1",
        "openresponses": f"{root}/s/a/openresponses/v1",
        "anthropic": f"{root}/s/a/anthropic",
        "bare": f"{root}/s/a/v1",
    }


def test_what_only_looks_like_a_prefix_is_an_unknown_route(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    assert [
        client.post(path, json={}).status_code
        for path in ("/s", f"/S/a{CHAT}", f"/x/s/a{CHAT}", f"/s/a/s/b{CHAT}")
    ] == [404] * 4


TURNS: list[dict[str, Any]] = [
    text("words"),
    {"type": "tool_calls", "calls": [{"name": "f"}]},
    {"type": "mixed", "text": "words", "calls": [{"name": "f"}]},
    {"type": "error", "kind": "rate_limit"},
    {"type": "error", "kind": "timeout"},
    {"type": "error", "kind": "invalid_request", "message": "m"},
    {"type": "error", "kind": "other", "message": "m", "status_code": 418},
]


@for_each("route", ROUTES)
@for_each("stream", [False, True])
def test_the_session_stands_on_every_scripted_answer_and_on_that_of_an_exhausted_script(
    make_client: MakeClient, route: str, stream: bool
) -> None:
    client = make_client(*TURNS, on_exhausted="error")
    answers = [ask(client, "/s/a", route, stream=stream) for _ in range(len(TURNS) + 2)]
    assert [answer.status_code for answer in answers] == [
        200,
        200,
        200,
        429,
        504,
        400,
        418,
        500,
        500,
    ]
    assert [place(answer) for answer in answers] == [("a", at) for at in range(len(TURNS) + 2)]
    assert place(ask(client, route=route, stream=stream)) == ("default", 0)


def test_a_page_of_another_site_may_read_the_session_of_its_answer(make_client: MakeClient) -> None:
    response = ask(make_client(text("a")), "/s/a", headers={"Origin": "http://page"})
    assert "X-LLMSim-Session" in response.headers["Access-Control-Expose-Headers"]


def test_sessions_count_on_their_own_whichever_way_they_are_named_and_the_default_one_too(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(100))
    found = []
    for _ in range(5):
        found.append(place(ask(client, "/s/a")))
        found.append(place(ask(client, headers={"X-LLMSim-Session": "a"})))
        found.append(place(ask(client, headers={"x-api-key": "llmsim-a"})))
        found.append(place(ask(client, "/s/b", OPENRESPONSES)))
        found.append(place(ask(client)))
    assert [at for session, at in found if session == "a"] == list(range(15))
    assert [at for session, at in found if session == "b"] == list(range(5))
    assert [at for session, at in found if session == "default"] == list(range(5))


def test_names_that_differ_in_case_are_different_sessions(make_client: MakeClient) -> None:
    client = make_client(*numbered(3))
    assert [place(ask(client, f"/s/{name}")) for name in ("a", "A", "a")] == [
        ("a", 0),
        ("A", 0),
        ("a", 1),
    ]


def test_each_session_has_a_generation_of_its_own_that_stays(make_client: MakeClient) -> None:
    client = make_client(*numbered(3))
    generations = [ask(client, f"/s/{name}").headers["X-LLMSim-Generation"] for name in "abab"]
    assert generations[:2] == generations[2:]
    assert generations[0] != generations[1]


def test_ids_of_answers_never_repeat_over_sessions(make_client: MakeClient) -> None:
    client = make_client(*numbered(3))
    assert len({ask(client, f"/s/{name}").get_json()["id"] for name in "abcdef"}) == 6


def test_a_full_table_is_a_503_that_names_the_setting_and_takes_no_turn(
    make_client: MakeClient,
) -> None:
    client = make_client(*numbered(9), max_sessions=2)
    assert [place(ask(client, f"/s/{name}")) for name in "ab"] == [("a", 0), ("b", 0)]
    for route in ROUTES:
        response = ask(client, "/s/c", route)
        assert response.status_code == 503
        assert set(response.get_json()["error"]) == error_keys(route)
        assert "LLMSIM_MAX_SESSIONS" in response.get_json()["error"]["message"]
        assert "X-LLMSim-Position" not in response.headers
    assert [place(ask(client, f"/s/{name}")) for name in "ab"] == [("a", 1), ("b", 1)]
    assert [
        session["name"] for session in client.get("/llmsim/sessions").get_json()["sessions"]
    ] in (["a", "b"], ["b", "a"])


def test_a_deleted_session_leaves_its_place_to_another(make_client: MakeClient) -> None:
    client = make_client(*numbered(9), max_sessions=2)
    for name in "ab":
        ask(client, f"/s/{name}")
    assert client.delete("/llmsim/sessions/a").status_code == 204
    assert place(ask(client, "/s/c")) == ("c", 0)
    assert ask(client, "/s/a").status_code == 503
    assert place(ask(client, "/s/b")) == ("b", 1)


# Real clients

COUNT = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("sessions")
    with Server(
        directory, write_script(directory / "script.json", *numbered(COUNT)), LLMSIM_WORKERS="2"
    ) as running:
        yield running


def sdk(base_url: str, api_key: str = "unused", **headers: str) -> OpenAI:
    return OpenAI(base_url=base_url, api_key=api_key, default_headers=headers, max_retries=0)


def say(client: OpenAI) -> str | None:
    return (
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
        .choices[0]
        .message.content
    )


def test_the_openai_sdk_names_its_session_by_base_url_by_key_or_by_header(server: Server) -> None:
    clients = {
        "prefix": sdk(f"{server.origin}/s/sdk-prefix/openai/v1"),
        "key": sdk(server.base_url, "llmsim-sdk-key"),
        "header": sdk(server.base_url, "llmsim-not-this", **{"X-LLMSim-Session": "sdk-header"}),
        "default": sdk(server.base_url),
    }
    said = [{way: say(client) for way, client in clients.items()} for _ in range(10)]
    assert said == [dict.fromkeys(clients, str(at)) for at in range(10)]
    for way in ("prefix", "key", "header"):
        raw = clients[way].chat.completions.with_raw_response.create(
            model="m", messages=[{"role": "user", "content": "Hi"}]
        )
        assert raw.headers["X-LLMSim-Session"] == f"sdk-{way}"
        assert raw.headers["X-LLMSim-Position"] == "10"


def test_the_openai_sdk_goes_through_all_its_routes_below_a_prefix(server: Server) -> None:
    client = sdk(f"{server.origin}/s/sdk-routes/openai/v1")
    assert "gpt-5" in [model.id for model in client.models.list()]
    assert client.responses.create(model="m", input="Hi").output_text == "0"
    with client.responses.stream(model="m", input="Hi") as stream:
        assert stream.get_final_response().output_text == "1"
    chunks = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "2"
    with pytest.raises(openai.NotFoundError):
        client.images.generate(model="m", prompt="a")


def test_the_openai_sdk_gets_a_bad_name_as_its_own_error(server: Server) -> None:
    with pytest.raises(openai.BadRequestError, match="is no session name") as caught:
        say(sdk(server.base_url, "llmsim-a/b"))
    assert (caught.value.code, caught.value.param) == ("invalid_session", "session")
