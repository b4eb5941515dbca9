"""An operation of the control API.

One decorator that routes it, validates what it takes, and describes it for the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import HTTPException

from llmsim.control.guard import check_caller
from llmsim.control.schemas import ErrorAnswer, Nothing
from llmsim.control.script_bodies import ScriptBody
from llmsim.errors import RequestError, ScriptError, ScriptParseError, StoreError
from llmsim.json_text import type_name
from llmsim.playback import Playback
from llmsim.playback.checking import (
    Checked,
    checked_member,
    strict_json,
)
from llmsim.playback.polled_lock import Pauses
from llmsim.playback.stored import LARGE_BYTES, Reference
from llmsim.serving.blueprint import as_json, settings
from llmsim.serving.body import blocks, check_encoding
from llmsim.serving.routing import refusal_of
from llmsim.serving.shared import shared, with_settings

_SCRIPT = "script"
_BY_QUERY = ("GET", "DELETE")  # what these take stands in the query

blueprint = Blueprint("control", __name__, url_prefix="/llmsim")


@dataclass(frozen=True, slots=True)
class Operation:
    """How an operation is described.

    `takes` is the schema of the JSON body of a POST or PUT, else of the query; or a script.
    """

    method: str
    path: str
    summary: str
    takes: type[Schema] | ScriptBody
    gives: type[Schema] | None
    status: int


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    takes: type[Schema] | ScriptBody = Nothing,
    gives: type[Schema] | None = None,
    status: int = 200,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the decorated function an operation; its docstring's first line is the summary.

    It gets the path's variables and, where `takes` is a schema, what was loaded by it; else the
    script. It returns what is sent as JSON, or a response.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        OPERATIONS.append(
            Operation(
                method, path, (function.__doc__ or "").partition("\n")[0], takes, gives, status
            )
        )

        def view(**variables: str) -> Response:
            check_caller()
            found = function(**variables, **_taken(takes))
            return found if isinstance(found, Response) else as_json(found, status)

        blueprint.add_url_rule(path, function.__name__, view, methods=[method])
        return function

    return decorate


def playback() -> Playback:
    """The playback that the current request controls."""
    return shared(settings(), request.environ)


def _taken(takes: type[Schema] | ScriptBody) -> dict[str, Any]:
    """What the request says.

    Nothing may stand where it is not looked for: with its `prefix` left out, a reset means all.
    """
    if not isinstance(takes, ScriptBody) and request.method in _BY_QUERY:
        if request.method != "GET":
            with _json_body() as body:
                _fields(body, Nothing)
        return dict(takes().load(request.args.to_dict()))
    Nothing().load(request.args.to_dict())
    with _json_body() as body:
        if not isinstance(takes, ScriptBody):
            return _fields(body, takes)
        return {_SCRIPT: _under_settings(takes.check(body))}


def _under_settings(script: Checked | Reference) -> Checked | Reference:
    """A script with what the settings say for all of them. A script that is named has it."""
    if isinstance(script, Reference):
        return script
    return script.under(with_settings(script.script, settings()))


def _fields(body: IO[bytes], takes: type[Schema]) -> dict[str, Any]:
    """The fields of the object in the body; a script among them is checked."""
    if not body.tell():
        return dict(takes().load({}))
    try:
        if _SCRIPT in takes().fields:
            script, value = checked_member(body)
        else:
            body.seek(0)
            script, value = None, strict_json(body.read())
    except ScriptParseError as error:
        raise RequestError(f"The request body is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise RequestError(
            f"The body must be a JSON object, got {type_name(value)}.", code="invalid_type"
        )
    if script is None:
        return dict(takes().load(value))
    return dict(takes().load(value)) | {_SCRIPT: _under_settings(script)}


def _json_body() -> IO[bytes]:
    """The body of a write, as a file that is read to its end. Only JSON.

    A form on another page can send anything else without asking first.
    """
    body = SpooledTemporaryFile(LARGE_BYTES)  # noqa: SIM115 - the caller closes it
    setting = "response.max_script_mb (LLMSIM_MAX_SCRIPT_MB)"
    pauses = Pauses()
    for block in blocks(request.environ, settings().max_script_bytes, setting):
        body.write(block)
        pauses.pause()
    if body.tell() and not request.is_json:
        message = f"Send the body as application/json, not as {request.content_type or 'nothing'}."
        raise RequestError(message, code="unsupported_content_type", status=415)
    check_encoding(request.environ)
    return body


def _refused(error: RequestError) -> Response:
    return _error(error.status, error.message, error.code or "invalid_request")


def _unavailable(error: StoreError) -> Response:
    response = _error(error.status, str(error), "store_unavailable")
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _wrong_script(error: ScriptError) -> Response:
    problems = str(error).splitlines()
    return _error(400, f"The script is wrong: {problems[0]}", "invalid_script", problems)


def _wrong_fields(error: ValidationError) -> Response:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]
    problems = [f"{name}: {text}" for name, texts in messages.items() for text in texts]
    return _error(400, "; ".join(problems), "invalid_fields", problems)


def routing_error(error: HTTPException) -> Response:
    """A 404, 405 or other error that Flask raised below the control API's prefix."""
    refusal, headers = refusal_of(error)
    response = _refused(refusal)
    response.headers.extend(headers)
    return response


def _error(status: int, message: str, code: str, problems: list[str] | None = None) -> Response:
    detail: dict[str, Any] = {"message": message, "code": code} | (
        {"problems": problems} if problems else {}
    )
    return as_json(ErrorAnswer().dump({"error": detail}), status)


def answer_errors(of: Blueprint) -> None:
    """Let what goes wrong on these routes be answered as on those of the control API."""
    of.register_error_handler(RequestError, _refused)
    of.register_error_handler(StoreError, _unavailable)
    of.register_error_handler(ScriptError, _wrong_script)
    of.register_error_handler(ValidationError, _wrong_fields)


answer_errors(blueprint)
