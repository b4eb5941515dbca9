"""Flask's side of an API.

Routes to the shared request path, and errors of routing in the API's dialect.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from llmsim.apis import Api
from llmsim.apis.renderer import Renderer
from llmsim.errors import RequestError
from llmsim.json_text import compact
from llmsim.serving.answer import answer
from llmsim.serving.rendering import Answer, fail, failure_of
from llmsim.settings import Settings


def blueprint_of(api: Api) -> Blueprint:
    """The API's routes as a Flask blueprint."""
    blueprint = Blueprint(api.renderer.name, __name__)

    def create() -> Response:
        return to_flask(answer(api.renderer, settings(), request.environ))

    for route in api.routes:
        blueprint.add_url_rule(route, "create", create, methods=["POST"])
    return blueprint


def settings() -> Settings:
    """The settings of the application that serves the current request."""
    found: Settings = current_app.config["LLMSIM"]
    return found


def to_flask(answered: Answer) -> Response:
    """The answer as Flask sends it."""
    return Response(answered.body, answered.status, answered.headers)


def routing_error(renderer: Renderer, error: HTTPException) -> Response:
    """A 404, 405 or other error that Flask raised, in the API's dialect."""
    allowed = sorted(set(getattr(error, "valid_methods", None) or []) - {"HEAD", "OPTIONS"})
    if error.code == 405 and request.headers.get("Upgrade", "").lower() == "websocket":
        # Codex first asks for a WebSocket: 426 sends it to POST at once, 405 only after seven
        # tries.
        refused = RequestError(
            f"WebSocket is not served here; send POST {request.path}.",
            code="websocket_not_supported",
            status=426,
        )
    elif error.code == 405:
        message = (
            f"{request.path} does not take {request.method}; it takes {' and '.join(allowed)}."
        )
        refused = RequestError(message, code="method_not_supported", status=405)
    elif error.code == 404:
        refused = RequestError(f"There is no route {request.method} {request.path}.", status=404)
    else:
        refused = RequestError(str(error.description), status=error.code or 500)
    response = to_flask(fail(renderer, failure_of(refused)))
    if allowed:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def as_json(body: Any, status: int = 200) -> Response:
    """A JSON answer that is nobody's dialect."""
    return Response(compact(body), status, mimetype="application/json")
