"""The APIs' POST routes, served from WSGI straight to `answer()`.

Flask's dispatch (request and application context, routing, response object) takes half of the time
of a short answer, and gives these routes nothing: they match whole paths and build their own
headers. All else, and every error of routing, is Flask's. The blueprints serve the same routes by
the same `answer()` where this does not stand before them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from llmsim.apis import APIS
from llmsim.apis.renderer import Renderer
from llmsim.errors import RequestError
from llmsim.serving.answer import answer
from llmsim.serving.cors import HEADERS
from llmsim.serving.recorded import FAILED, refused
from llmsim.serving.rendering import Answer
from llmsim.settings import Settings

_log = logging.getLogger(__name__)

_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class HotPath:
    """WSGI middleware before the Flask application, below that of the prefix."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._renderers = {route: api.renderer for api in APIS for route in api.routes}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        renderer = (
            self._renderers.get(environ["PATH_INFO"])
            if environ["REQUEST_METHOD"] == "POST"
            else None
        )
        if renderer is None:
            passed_on: Iterable[bytes] = self._app(environ, start_response)
            return passed_on
        answered = self._answer(renderer, environ)
        headers = answered.headers + HEADERS if "HTTP_ORIGIN" in environ else answered.headers
        start_response(_REASONS.get(answered.status, f"{answered.status} Scripted"), headers)
        return answered.body

    def _answer(self, renderer: Renderer, environ: dict[str, Any]) -> Answer:
        try:
            return answer(renderer, self._settings, environ)
        except Exception:
            _log.exception("Cannot answer %s", environ["PATH_INFO"])
            error = RequestError(FAILED, status=500)
            return refused(renderer, self._settings, environ, error, [])
