"""What to say where no route takes a request: 404, 405 and 426, with the nearest route there is."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from flask import current_app, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import Rule

from llmsim.errors import RequestError
from llmsim.registry import nearest
from llmsim.serving.once import first_time
from llmsim.serving.prefix import sent_path
from llmsim.serving.recorded import FAILED

_log = logging.getLogger(__name__)

_LONGEST_COMPARED = 200  # characters of a path; to compare a long one takes time
_SHOWN = 1000  # characters of a path in a message
# What Flask adds to routes by itself, and what nobody looks for.
_BESIDE = {"HEAD", "OPTIONS"}


def refusal_of(error: HTTPException) -> tuple[RequestError, list[tuple[str, str]]]:
    """The error as a sentence for whoever asked, and the headers that go with it."""
    path = sent_path(request.environ)[:_SHOWN]
    if isinstance(error, InternalServerError):
        return RequestError(FAILED, status=500), []
    if error.code == 404:
        return RequestError(_no_route(path), code="unknown_route", status=404), []
    if error.code != 405:
        return RequestError(str(error.description), status=error.code or 500), []
    methods = sorted(set(getattr(error, "valid_methods", None) or []) - _BESIDE)
    return _wrong_method(path, methods), [("Allow", ", ".join(methods))]


def log_once(error: RequestError) -> None:
    """Write it to the log, the first time that a request to its path was refused."""
    if first_time("route", request.method, sent_path(request.environ)):
        _log.warning("%s (said once for each path)", ascii(error.message)[1:-1])


def _wrong_method(path: str, methods: list[str]) -> RequestError:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        # Codex first asks for a WebSocket: 426 sends it to POST at once, 405 only after seven
        # tries.
        return RequestError(
            f"WebSocket is not served here; send POST {path}.",
            code="websocket_not_supported",
            status=426,
        )
    message = f"{path} does not take {request.method}; it takes {' and '.join(methods)}."
    return RequestError(message, code="method_not_supported", status=405)


def _no_route(path: str) -> str:
    found = _nearest()
    hint = (
        f"the nearest is {found[0]} {request.script_root}{found[1]}"
        if found
        else "GET / lists the base URLs"
    )
    return f"There is no route {request.method} {path}; {hint}."


def _nearest() -> tuple[str, str] | None:
    """Method and path of the route that is most like the one asked for; of its method first."""
    if len(request.path) > _LONGEST_COMPARED:
        return None
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint != "base.index"]
    of_its_method = [rule for rule in rules if request.method in (rule.methods or ())]
    return _most_like(of_its_method) or _most_like(rules)


def _most_like(rules: Iterable[Rule]) -> tuple[str, str] | None:
    methods = {rule.rule: sorted(set(rule.methods or ()) - _BESIDE) for rule in rules}
    path = nearest(request.path, methods)
    return (methods[path][0], path) if path else None
