"""The models routes: what a client may ask for before it generates.

The list is that of a setting; any other model is there as well.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from llmsim.serving.blueprint import json_to_flask, settings
from llmsim.serving.dialect import dialect_of, is_anthropic
from llmsim.serving.urls import PREFIXES

blueprint = Blueprint("models", __name__)

# The same always, so that two lists are equal; in Unix seconds and as RFC 3339.
_CREATED, _CREATED_AT = 1_750_000_000, "2025-06-15T15:06:40Z"


def list_models() -> Response:
    """The list, whole.

    As `openai.pagination.SyncPage[openai.types.Model]`, or as
    `anthropic.pagination.SyncPage[anthropic.types.ModelInfo]`.
    """
    names = settings().models
    models = [_model(name) for name in names]
    if not _for_anthropic():
        return json_to_flask(lambda _: {"object": "list", "data": models})
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
    return json_to_flask(lambda _: {"data": models, "has_more": False, **ends})


def show_model(name: str) -> Response:
    """The model of that name, whatever it is: a POST takes any, too.

    A name may hold slashes (`meta/llama`).
    """
    return json_to_flask(lambda _: _model(name))


for _prefix in PREFIXES:
    blueprint.add_url_rule(f"{_prefix}/models", "list", list_models, methods=["GET"])
    blueprint.add_url_rule(f"{_prefix}/models/<path:name>", "show", show_model, methods=["GET"])


def _for_anthropic() -> bool:
    return is_anthropic(dialect_of(request.environ))


def _model(name: str) -> dict[str, Any]:
    return _anthropic_model(name) if _for_anthropic() else _openai_model(name)


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
