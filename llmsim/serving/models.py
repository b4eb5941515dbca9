"""The models routes: what a client may ask for before it generates.

Any other model is served as well.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from llmsim.apis.anthropic.renderer import AnthropicRenderer
from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.errors import RequestError
from llmsim.registry import unknown
from llmsim.serving.blueprint import as_json, settings, to_flask
from llmsim.serving.rendering import fail, failure_of

blueprint = Blueprint("models", __name__)

# The same always, so that two lists are equal; in Unix seconds and as RFC 3339.
_CREATED, _CREATED_AT = 1_750_000_000, "2025-06-15T15:06:40Z"


@blueprint.get("/openai/v1/models")
@blueprint.get("/openresponses/v1/models")
@blueprint.get("/anthropic/v1/models")
@blueprint.get("/v1/models")
def list_models() -> Response:
    """The list, whole.

    As `openai.pagination.SyncPage[openai.types.Model]`, or as
    `anthropic.pagination.SyncPage[anthropic.types.ModelInfo]`.
    """
    names = settings().models
    if not _for_anthropic():
        return as_json({"object": "list", "data": [_openai_model(name) for name in names]})
    ends = (
        {"first_id": names[0], "last_id": names[-1]}
        if names
        else {"first_id": None, "last_id": None}
    )
    return as_json({"data": [_anthropic_model(name) for name in names], "has_more": False, **ends})


@blueprint.get("/openai/v1/models/<path:name>")
@blueprint.get("/openresponses/v1/models/<path:name>")
@blueprint.get("/anthropic/v1/models/<path:name>")
@blueprint.get("/v1/models/<path:name>")
def show_model(name: str) -> Response:
    """One model of the list; a name may hold slashes (`meta/llama`)."""
    if name in settings().models:
        return as_json(_anthropic_model(name) if _for_anthropic() else _openai_model(name))
    message = (
        f"{unknown('model', name, settings().models)} (the setting models.available lists them)"
    )
    error = RequestError(message, param="model", code="model_not_found", status=404)
    return to_flask(
        fail(AnthropicRenderer() if _for_anthropic() else ChatRenderer(), failure_of(error))
    )


def _for_anthropic() -> bool:
    """The bare `/v1` serves both families; only Anthropic's clients send this header."""
    if request.path.startswith("/v1/"):
        return "anthropic-version" in request.headers
    return request.path.startswith("/anthropic/")


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
