"""Who may use the control API."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import CHAT, request_to
from tests.running import text

BODY = request_to("chat")
SCRIPT = {"turns": [text("own")]}

OPERATIONS: list[tuple[str, str, Any]] = [
    ("POST", "/llmsim/sessions", {"name": "b"}),
    ("GET", "/llmsim/sessions", None),
    ("GET", "/llmsim/sessions/a", None),
    ("PUT", "/llmsim/sessions/a/script", SCRIPT),
    ("POST", "/llmsim/sessions/a/reset", None),
    ("GET", "/llmsim/sessions/a/requests", None),
    ("GET", "/llmsim/sessions/a/requests.jsonl", None),
    ("GET", "/llmsim/openapi.json", None),
    ("DELETE", "/llmsim/sessions/a", None),  # last: the others need that session
]
DONE = [201, 200, 200, 200, 200, 200, 200, 200, 204]
PUBLIC = "https://sim.example.com:8443/llm"


def use(client: FlaskClient, operation: tuple[str, str, Any], **options: Any) -> Any:
    method, path, body = operation
    return client.open(path, method=method, json=body, **options)


def refused(response: Any, status: int, code: str) -> bool:
    found = (response.status_code, response.content_type, response.get_json()["error"]["code"])
    return found == (status, "application/json", code) and bool(
        response.get_json()["error"]["message"]
    )


@pytest.fixture
def guarded(make_client: MakeClient) -> FlaskClient:
    """A client of a server with a token, which has a session `a`."""
    client = make_client(text("a"), control_token="t0ken")
    assert (
        client.post(
            "/llmsim/sessions", json={"name": "a"}, headers={"Authorization": "Bearer t0ken"}
        ).status_code
        == 201
    )
    return client


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer t0ken2",
        "Bearer t0ke",
        "Bearer T0KEN",
        "Basic t0ken",
        "t0ken",
        "Bearer \xfc",
    ],
)
def test_without_the_token_no_operation_is_done(
    guarded: FlaskClient, authorization: str | None
) -> None:
    for operation in OPERATIONS:
        response = use(
            guarded,
            operation,
            headers={} if authorization is None else {"Authorization": authorization},
        )
        assert refused(response, 401, "invalid_token"), operation
        assert "t0ken" not in response.text
    listed = guarded.get("/llmsim/sessions", headers={"Authorization": "Bearer t0ken"}).get_json()[
        "sessions"
    ]
    assert [(session["name"], session["script"]) for session in listed] == [("a", "default")]


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_with_the_token_every_operation_is_done(guarded: FlaskClient, kind: str) -> None:
    statuses = [
        use(guarded, operation, headers={"Authorization": f"{kind} t0ken"}).status_code
        for operation in OPERATIONS
    ]
    assert statuses == DONE


@pytest.mark.parametrize("path", ["/", "/health", "/openai/v1/models", "/s/b/openai/v1/models"])
def test_what_is_not_the_control_api_needs_no_token(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("prefix", ["", "/s/b"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer unused"}])
def test_provider_routes_need_no_token(
    guarded: FlaskClient, prefix: str, headers: dict[str, str]
) -> None:
    assert guarded.post(prefix + CHAT, json=BODY, headers=headers).status_code == 200


def test_the_token_is_wanted_below_a_prefix_too(guarded: FlaskClient) -> None:
    statuses = [
        guarded.open(f"/s/b{path}", method=method, json=body).status_code
        for method, path, body in OPERATIONS
    ]
    assert statuses == [401] * len(OPERATIONS)


FOREIGN = [
    "http://page.example.com",
    "https://evil.example",
    "http://localhost:3000",
    "http://127.0.0.1",
    "http://127.0.0.1:8081",
    "http://127.0.0.1:8080.evil.example",
    "http://127.0.0.1:8080@evil.example",
    "http://evil.example/127.0.0.1:8080",
    "null",
    "file://",
    "",
    "chrome-extension://abcdef",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_site_may_do_nothing(make_client: MakeClient, origin: str) -> None:
    client = make_client(text("a"))
    before = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    for operation in OPERATIONS:
        response = use(
            client, operation, headers={"Origin": origin}, base_url="http://127.0.0.1:8080"
        )
        assert refused(response, 403, "foreign_origin"), operation
    assert client.get("/llmsim/sessions/a").get_json() == before
    assert client.get("/llmsim/sessions/b").status_code == 404


def test_an_origin_that_is_no_address_at_all_is_foreign_and_no_failure(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    assert refused(
        client.get("/llmsim/sessions", headers={"Origin": "http://["}), 403, "foreign_origin"
    )


def test_a_page_of_another_site_may_not_do_what_it_can_without_asking_first(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    client.post(f"/s/a{CHAT}", json=BODY)
    for origin in ("http://page.example.com", "null"):
        client.post(
            "/llmsim/sessions/a/reset",
            data=b"",
            content_type="text/plain",
            headers={"Origin": origin},
        )
    assert client.get("/llmsim/sessions/a").get_json()["position"] == 1


@pytest.mark.parametrize(
    ("host", "origin", "public_url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ""),
        ("http://localhost:8080", "http://localhost:8080", ""),
        ("http://LocalHost:8080", "http://localhost:8080", ""),
        ("http://[::1]:8080", "http://[::1]:8080", ""),
        ("http://llmsim:8080", "http://llmsim:8080", ""),
        ("http://sim.example.com:8443", "https://sim.example.com:8443", PUBLIC),
        ("http://10.0.0.7:8080", "https://sim.example.com:8443", PUBLIC),
    ],
)
def test_a_page_of_the_server_itself_may_do_everything(
    make_client: MakeClient, host: str, origin: str, public_url: str
) -> None:
    client = make_client(text("a"), public_url=public_url)
    client.post("/llmsim/sessions", json={"name": "a"})
    assert [
        use(client, operation, headers={"Origin": origin}, base_url=host).status_code
        for operation in OPERATIONS
    ] == DONE


@pytest.mark.parametrize("origin", ["null", "http://page.example.com", "https://sim.example.com"])
def test_with_a_public_url_other_pages_are_foreign_as_before(
    make_client: MakeClient, origin: str
) -> None:
    client = make_client(text("a"), public_url=PUBLIC)
    assert refused(
        client.get("/llmsim/sessions", headers={"Origin": origin}), 403, "foreign_origin"
    )


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "evil.example.com:8080",
        "127.0.0.1.evil.example",
        "a.b",
        "1.2.3",
        "127.0.0.1.nip.io:8080",
        "localhost.evil.example",
        "a_b.evil.example",  # browsers take it, and werkzeug's request.host is empty then
        "a_b.evil.example:8080",
        "sim.example.com",
        "sim.example.com.",
        "llmsim.dev",
        "evil.local",
        "internal.evil.example",
        "svc.cluster.local.evil.example",
        "evilinternal.example",
    ],
)
def test_a_name_that_a_page_made_point_here_is_refused(make_client: MakeClient, host: str) -> None:
    client = make_client(text("a"), public_url="https://other.example.com")
    before = client.post("/llmsim/sessions", json={"name": "a"}).get_json()
    for operation, headers in itertools.product(OPERATIONS, ({}, {"Origin": f"http://{host}"})):
        response = use(client, operation, headers=headers, base_url=f"http://{host}")
        assert refused(response, 403, "foreign_host"), operation
        assert "LLMSIM_PUBLIC_URL" in response.get_json()["error"]["message"]
    assert client.get("/llmsim/sessions/a").get_json() == before
    assert client.get("/llmsim/sessions/b").status_code == 404


@for_each(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8080",
        "10.1.2.3:80",
        "[::1]",
        "[::1]:8080",
        "localhost",
        "localhost:8080",
        "LOCALHOST",
        "a.localhost:8080",
        "llmsim",
        "llmsim:8080",
        "my_llmsim:8080",
        "host.docker.internal:8080",
        "host.containers.internal",
        "llmsim.default.svc:8080",
        "llmsim.default.svc.cluster.local",
        "LLMSim.default.svc.cluster.local.:8080",
    ],
)
@for_each("public_url", ["", PUBLIC])
def test_addresses_and_names_that_no_one_can_register_are_served(
    make_client: MakeClient, host: str, public_url: str
) -> None:
    assert (
        make_client(text("a"), public_url=public_url)
        .get("/llmsim/sessions", base_url=f"http://{host}")
        .status_code
        == 200
    )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("sim.example.com:8443", 200),
        ("SIM.example.com:8443", 200),
        ("sim.example.com", 403),
        ("sim.example.com:80", 403),
    ],
)
def test_the_host_of_the_public_url_is_served(
    make_client: MakeClient, host: str, status: int
) -> None:
    assert (
        make_client(text("a"), public_url=PUBLIC)
        .get("/llmsim/sessions", base_url=f"http://{host}")
        .status_code
        == status
    )


def test_provider_routes_are_served_under_any_name_and_for_any_page(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    response = client.post(
        CHAT,
        json=BODY,
        headers={"Origin": "http://page.example.com"},
        base_url="http://evil.example.com",
    )
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("origin", [None, "http://localhost", "http://page.example.com"])
def test_no_answer_of_the_control_api_lets_another_page_read_it(
    make_client: MakeClient, origin: str | None
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    headers = {"Origin": origin} if origin else {}
    operations = [*OPERATIONS, ("GET", "/llmsim/nope", None), ("PATCH", "/llmsim/sessions", None)]
    for prefix, (method, path, body) in itertools.product(("", "/s/b"), operations):
        asked = {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type",
        }
        preflight = client.options(prefix + path, headers=headers | asked)
        response = client.open(prefix + path, method=method, json=body, headers=headers)
        for answer in (preflight, response):
            assert not [
                name for name, _ in answer.headers if name.lower().startswith("access-control")
            ]
