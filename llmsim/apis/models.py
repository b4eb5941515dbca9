"""The models routes: what a client may ask for before it generates. Any other model is served as well."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from llmsim.apis.blueprint import as_json, settings, to_flask
from llmsim.apis.openai_chat import ChatRenderer
from llmsim.apis.rendering import fail, failure_of
from llmsim.errors import RequestError
from llmsim.registry import unknown

blueprint = Blueprint("models", __name__)

_CREATED = 1_750_000_000  # Unix seconds; the same always, so that two lists are equal


@blueprint.get("/openai/v1/models")
@blueprint.get("/v1/models")
@blueprint.get("/openresponses/v1/models")
def list_models() -> Response:
    """The list, as `openai.pagination.SyncPage[openai.types.Model]` reads it."""
    return as_json({"object": "list", "data": [_model(name) for name in settings().models]})


@blueprint.get("/openai/v1/models/<path:name>")
@blueprint.get("/v1/models/<path:name>")
@blueprint.get("/openresponses/v1/models/<path:name>")
def show_model(name: str) -> Response:
    """One model of the list; a name may hold slashes (`meta/llama`)."""
    if name not in settings().models:
        message = f"{unknown('model', name, settings().models)} (the setting models.available lists them)"
        error = RequestError(message, param="model", code="model_not_found", status=404)
        return to_flask(fail(ChatRenderer(), failure_of(error)))
    return as_json(_model(name))


def _model(name: str) -> dict[str, Any]:
    """`openai.types.Model`."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "llmsim"}
