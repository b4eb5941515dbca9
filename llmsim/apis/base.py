"""What answers beside the APIs' own routes: `/`, each API's base and `/health`. None of it consumes a turn."""

from __future__ import annotations

from flask import Blueprint, Response, request

from llmsim import __version__
from llmsim.apis.answer import HOST
from llmsim.apis.blueprint import as_json, settings
from llmsim.errors import StoreError
from llmsim.playback import served

blueprint = Blueprint("base", __name__)

BASES = ("/openai/v1", "/openresponses/v1", "/v1")


@blueprint.get("/")
@blueprint.get("/openai")
@blueprint.get("/openai/v1")
@blueprint.get("/openresponses")
@blueprint.get("/openresponses/v1")
@blueprint.get("/v1")
def index() -> Response:
    """Who is here, and the base URLs to give to a client. Some clients ask for this before their first POST."""
    origin = request.host_url.rstrip("/")
    return as_json({"name": "llmsim", "version": __version__, "base_urls": [origin + base for base in BASES]})


@blueprint.get("/health")
def health() -> Response:
    """200 once a request could be served, with the script's length and the next position; 503 and the reason before."""
    try:
        ready = served(settings(), request.environ).ready()
    except StoreError as error:
        return as_json({"status": "unavailable", "message": str(error)}, error.status)
    return as_json({"status": "ok", "version": __version__, "host": HOST, **ready})
