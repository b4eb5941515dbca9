"""Flask's side of an API.

Routes to the shared request path, and errors of routing in the API's dialect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from llmsim.apis import Api
from llmsim.json_text import compact
from llmsim.serving.answer import answer
from llmsim.serving.dialect import dialect_of
from llmsim.serving.record import Record
from llmsim.serving.recorded import json_recorded, refused
from llmsim.serving.rendering import Answer
from llmsim.serving.routing import log_once, refusal_of
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


def routing_error(error: HTTPException) -> Response:
    """A 404, 405 or other error that Flask raised, in the API's dialect, and on record."""
    refusal, headers = refusal_of(error)
    if refusal.status < 500:
        log_once(refusal)
    environ = request.environ
    return to_flask(refused(dialect_of(environ), settings(), environ, refusal, headers))


def json_to_flask(say: Callable[[Record], Any]) -> Response:
    """The JSON that `say` gives, as the answer to a request that takes no turn."""
    environ = request.environ
    return to_flask(json_recorded(dialect_of(environ), settings(), environ, say))


def as_json(body: Any, status: int = 200) -> Response:
    """A JSON answer that is nobody's dialect."""
    return Response(compact(body), status, mimetype="application/json")
