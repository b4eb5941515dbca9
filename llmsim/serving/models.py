"""The models routes: what a client may ask for before it generates.

The list is that of a setting; any other model is there as well.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from llmsim.apis.anthropic.model_page import model_page
from llmsim.serving.blueprint import json_to_flask, settings
from llmsim.serving.dialect import dialect_of, is_anthropic
from llmsim.serving.record import Record
from llmsim.serving.urls import PREFIXES

blueprint = Blueprint("models", __name__)

# The same always, so that two lists are equal; in Unix seconds and as RFC 3339.
_CREATED, _CREATED_AT = 1_750_000_000, "2025-06-15T15:06:40Z"


def list_models() -> Response:
    """The list.

    Whole, as `openai.pagination.SyncPage[openai.types.Model]`, or a page of it, as
    `anthropic.pagination.SyncPage[anthropic.types.ModelInfo]`.
    """
    names, query = settings().models, request.args
    if not _for_anthropic():
        models = [_openai_model(name) for name in names]
        return json_to_flask(lambda _: {"object": "list", "data": models})

    def page(_: Record) -> dict[str, Any]:
        found = model_page(names, query)
        return {**found, "data": [_anthropic_model(name) for name in found["data"]]}

    return json_to_flask(page)


def show_model(name: str) -> Response:
    """The model of that name, whatever it is: a POST takes any, too.

    A name may hold slashes (`meta/llama`).
    """
    model = _anthropic_model(name) if _for_anthropic() else _openai_model(name)
    return json_to_flask(lambda _: model)


for _prefix in PREFIXES:
    blueprint.add_url_rule(f"{_prefix}/models", "list", list_models, methods=["GET"])
    blueprint.add_url_rule(f"{_prefix}/models/<path:name>", "show", show_model, methods=["GET"])


def _for_anthropic() -> bool:
    return is_anthropic(dialect_of(request.environ))


def _openai_model(name: str) -> dict[str, Any]:
    """`openai.types.Model`."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "llmsim"}


def _anthropic_model(name: str) -> dict[str, Any]:
    """`anthropic.types.ModelInfo`."""
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": _CREATED_AT,
        "lifecycle": "active",
    }
