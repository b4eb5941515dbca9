"""The OpenAPI document: valid, complete, and true of the real answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from llmsim import __version__
from tests.conftest import MakeClient
from tests.requests import CHAT, request_to
from tests.running import text

BODY = request_to("chat")


def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/llmsim/openapi.json").get_json()
    return found


def test_the_document_is_valid_openapi_3_1(make_client: MakeClient) -> None:
    found = document(make_client(text("a")))
    assert found["openapi"].startswith("3.1.")
    assert found["info"]["version"] == __version__
    assert [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()] == []


def test_the_document_lists_exactly_the_routes_of_the_control_api(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    described = {
        (method.upper(), path)
        for path, operations in document(client)["paths"].items()
        for method in operations
    }
    rules = [
        rule
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith(("/llmsim", "/metrics")) and not rule.endpoint.startswith("page.")
    ]
    routed = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routed
    assert len(described) == 26


def test_every_operation_is_described(make_client: MakeClient) -> None:
    for path, operations in document(make_client(text("a")))["paths"].items():
        for operation in operations.values():
            assert len(operation["summary"]) > 10
            in_path = {
                parameter["name"]
                for parameter in operation["parameters"]
                if parameter["in"] == "path"
            }
            assert in_path == set(re.findall(r"{(\w+)}", path))
            assert {"token": []} in operation["security"]


def test_the_fields_that_are_taken_are_described(make_client: MakeClient) -> None:
    found = document(make_client(text("a")))
    listing = {
        parameter["name"]: parameter
        for parameter in found["paths"]["/llmsim/sessions/{name}/requests"]["get"]["parameters"]
    }
    pages = {"name", "since", "limit", "wait_for", "timeout", "generation"}
    assert set(listing) == pages | {"conversation", "step", "script", "track", "status"}
    assert (
        listing["limit"]["schema"] | {"default": 100, "minimum": 1, "maximum": 1000}
        == listing["limit"]["schema"]
    )
    body = found["paths"]["/llmsim/sessions"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert set(resolved(found, body)["properties"]) == {
        *("name", "script", "journal", "body_limit_kb", "protocol")
    }
    script = found["paths"]["/llmsim/sessions/{name}/script"]["put"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    validator(found, script).validate({"turns": [text("a")]})
    assert not validator(found, script).is_valid({"turns": [{"type": "assistent"}]})


def resolved(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference into the document's components means."""
    name = schema["$ref"].removeprefix("#/components/schemas/")
    return dict(found["components"]["schemas"][name])


def validator(found: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of one schema of the document, which may refer to others in it."""
    return Draft202012Validator({**schema, "components": found["components"]})


def described_answer(
    found: dict[str, Any], method: str, path: str, status: int
) -> Draft202012Validator:
    responses = found["paths"][path][method.lower()]["responses"]
    answer = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
    assert answer, f"{method} {path} says nothing of {status}"
    return validator(found, answer["content"]["application/json"]["schema"])


GOOD: list[tuple[str, str, str, Any, int]] = [
    (
        "POST",
        "/llmsim/sessions",
        "/llmsim/sessions",
        {"name": "b", "script": {"turns": [text("own")]}},
        201,
    ),
    ("GET", "/llmsim/sessions", "/llmsim/sessions", None, 200),
    ("GET", "/llmsim/sessions", "/llmsim/sessions?limit=1", None, 200),
    ("GET", "/llmsim/sessions/{name}", "/llmsim/sessions/a", None, 200),
    (
        "PUT",
        "/llmsim/sessions/{name}/script",
        "/llmsim/sessions/a/script",
        {"turns": [text("own")]},
        200,
    ),
    ("POST", "/llmsim/sessions/{name}/reset", "/llmsim/sessions/a/reset", None, 200),
    ("POST", "/llmsim/reset", "/llmsim/reset", None, 200),
    ("DELETE", "/llmsim/sessions", "/llmsim/sessions?prefix=a", None, 200),
    ("GET", "/llmsim/sessions/{name}/script", "/llmsim/sessions/a/script", None, 200),
    ("GET", "/llmsim/sessions/{name}/requests", "/llmsim/sessions/a/requests", None, 200),
    ("POST", "/llmsim/sessions", "/llmsim/sessions", {"nmae": "b"}, 400),
    ("POST", "/llmsim/sessions", "/llmsim/sessions", {"name": "a"}, 409),
    ("GET", "/llmsim/sessions", "/llmsim/sessions?limit=0", None, 400),
    ("GET", "/llmsim/sessions/{name}", "/llmsim/sessions/nope", None, 404),
    ("DELETE", "/llmsim/sessions/{name}", "/llmsim/sessions/nope", None, 404),
    ("PUT", "/llmsim/sessions/{name}/script", "/llmsim/sessions/a/script", {"turns": []}, 400),
    ("POST", "/llmsim/sessions/{name}/reset", "/llmsim/sessions/nope/reset", None, 404),
    ("GET", "/llmsim/sessions/{name}/requests", "/llmsim/sessions/nope/requests", None, 404),
]


@pytest.mark.parametrize(("method", "path", "url", "body", "status"), GOOD)
def test_a_real_answer_is_as_the_document_says(
    make_client: MakeClient, method: str, path: str, url: str, body: Any, status: int
) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    client.post(f"/s/a{CHAT}", json=BODY)
    response = client.open(url, method=method, json=body)
    assert response.status_code == status
    described_answer(document(client), method, path, status).validate(response.get_json())


def test_the_schemas_of_answers_refuse_other_answers(make_client: MakeClient) -> None:
    found = document(make_client(text("a")))
    described = described_answer(found, "GET", "/llmsim/sessions/{name}", 200)
    assert not described.is_valid({"name": "a"})
    assert not described_answer(found, "GET", "/llmsim/sessions", 200).is_valid(
        {"sessions": [{}], "next": None}
    )
    assert not described_answer(found, "GET", "/llmsim/sessions", 400).is_valid({"error": "text"})


def test_a_deletion_is_described_as_an_answer_without_content(make_client: MakeClient) -> None:
    operation = document(make_client(text("a")))["paths"]["/llmsim/sessions/{name}"]["delete"]
    assert "content" not in operation["responses"]["204"]
