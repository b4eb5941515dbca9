"""The OpenAPI document of the control API, made by apispec from the operations' schemas."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from marshmallow import Schema

from llmsim import __version__
from llmsim.control.operation import OPERATIONS, Operation, operation
from llmsim.control.schemas import ErrorAnswer
from llmsim.control.script_bodies import ScriptBody

# What Prometheus asks for: no JSON, and beside the other paths.
_METRICS = {
    "summary": "Show what all workers of this host have counted, as Prometheus reads it.",
    "security": [{}, {"token": []}],
    "parameters": [],
    "responses": {
        "200": {
            "description": "Done.",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        },
        "default": {
            "description": "What was wrong.",
            "content": {"application/json": {"schema": ErrorAnswer}},
        },
    },
}


@operation("GET", "/openapi.json")
def show_openapi() -> dict[str, Any]:
    """Show this document."""
    return document()


@cache
def document() -> dict[str, Any]:
    """The document."""
    # Here: a server of which nobody asks it starts 10 ms sooner.
    from apispec import APISpec  # noqa: PLC0415
    from apispec.ext.marshmallow import MarshmallowPlugin  # noqa: PLC0415

    spec = APISpec(
        title="llmsim control API",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
    )
    spec.components.security_scheme(
        "token",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The setting control.token, where one is set.",
        },
    )
    for described in OPERATIONS:
        path = re.sub(r"<(\w+)>", r"{\1}", described.path)
        spec.path(f"/llmsim{path}", operations={described.method.lower(): _operation(described)})
    spec.path("/metrics", operations={"get": _METRICS})
    made: dict[str, Any] = spec.to_dict()
    return made


def _operation(described: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if described.gives is not None:
        answer["content"] = _json(described.gives)
    return {
        "summary": described.summary,
        "security": [{}, {"token": []}],
        "responses": {
            str(described.status): answer,
            "default": {"description": "What was wrong.", "content": _json(ErrorAnswer)},
        },
        "parameters": _parameters(described),
        **(
            {"requestBody": {"content": _json(described.takes)}}
            if described.method in ("POST", "PUT") and _has_fields(described.takes)
            else {}
        ),
    }


def _parameters(described: Operation) -> list[Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", described.path)
    ]
    in_query = (
        [{"in": "query", "schema": described.takes}]
        if described.method in ("GET", "DELETE") and _has_fields(described.takes)
        else []
    )
    return in_path + in_query


def _has_fields(takes: type[Schema] | ScriptBody) -> bool:
    return isinstance(takes, ScriptBody) or bool(takes().fields)


def _json(schema: type[Schema] | ScriptBody) -> dict[str, Any]:
    shown = schema.json_schema() if isinstance(schema, ScriptBody) else schema
    return {"application/json": {"schema": shown}}
