"""The WSGI application: opens, loads and registers; nothing else."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from llmsim import settings as settings_module
from llmsim.apis import APIS
from llmsim.control import blueprint as control
from llmsim.control import routing_error as control_error
from llmsim.control import scraped
from llmsim.page import blueprint as page
from llmsim.serving import count_tokens, index, models
from llmsim.serving.blueprint import blueprint_of, routing_error
from llmsim.serving.cors import allow_any_origin
from llmsim.serving.hot_path import HotPath
from llmsim.serving.prefix import SessionPrefix
from llmsim.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application. It opens no file.

    The state is made by the server's start-up hooks, or at the first request where there are none.

    Raises:
        SettingsError: `settings` was not given and those of the environment are wrong.
    """
    app = _routed(settings)
    app.wsgi_app = SessionPrefix(app.wsgi_app)  # type: ignore[method-assign]
    return app


def create_served_app(settings: Settings | None = None) -> Flask:
    """The application as a server runs it: the APIs' own routes are served before Flask's dispatch.

    See `create_app`.
    """
    app = _routed(settings)
    app.wsgi_app = SessionPrefix(HotPath(app.wsgi_app, app.config["LLMSIM"]))  # type: ignore[method-assign]
    return app


def _routed(settings: Settings | None) -> Flask:
    app = Flask("llmsim", static_folder=None)
    app.config["LLMSIM"] = settings or settings_module.load()
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # by a redirect; `SessionPrefix` does it without
    for api in APIS:
        app.register_blueprint(blueprint_of(api))
    app.register_blueprint(models.blueprint)
    app.register_blueprint(count_tokens.blueprint)
    app.register_blueprint(index.blueprint)
    app.register_error_handler(HTTPException, _in_dialect)
    app.register_blueprint(control)
    app.register_blueprint(scraped)
    app.register_blueprint(page)
    app.after_request(allow_any_origin)
    return app


def _in_dialect(error: HTTPException) -> Response:
    """Flask's own errors, in the dialect of the API that was asked. Never HTML."""
    below_control = f"{request.path}/".startswith((f"{control.url_prefix}/", "/metrics/"))
    return control_error(error) if below_control else routing_error(error)
