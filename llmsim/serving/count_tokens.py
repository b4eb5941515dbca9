"""Anthropic's `POST .../messages/count_tokens` (`anthropic.types.MessageTokensCount`).

It never takes a turn.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from llmsim.apis.anthropic.renderer import AnthropicRenderer
from llmsim.apis.anthropic.request import read_conversation
from llmsim.apis.reading import required_string
from llmsim.errors import RequestError
from llmsim.serving.blueprint import as_json, settings, to_flask
from llmsim.serving.body import as_object, parsed, read_body
from llmsim.serving.rendering import fail, failure_of
from llmsim.usage import prompt_tokens

blueprint = Blueprint("count_tokens", __name__)


@blueprint.post("/anthropic/v1/messages/count_tokens")
@blueprint.post("/v1/messages/count_tokens")
def count_tokens() -> Response:
    """The tokens that a request with this body would be billed for."""
    try:
        body = as_object(
            parsed(read_body(request.environ, settings().max_body_bytes), request.environ)
        )
        required_string(body, "model")
        return as_json({"input_tokens": prompt_tokens(read_conversation(body))})
    except RequestError as error:
        return to_flask(fail(AnthropicRenderer(), failure_of(error)))
