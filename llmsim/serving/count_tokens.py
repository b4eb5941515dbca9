"""Anthropic's `POST .../messages/count_tokens` (`anthropic.types.MessageTokensCount`).

It never takes a turn.
"""

from __future__ import annotations

from flask import Blueprint, Response

from llmsim.apis.anthropic.request import read_conversation
from llmsim.apis.reading import required_string
from llmsim.serving.blueprint import json_to_flask, settings
from llmsim.serving.record import Record
from llmsim.serving.recorded import body_of
from llmsim.usage import prompt_tokens

blueprint = Blueprint("count_tokens", __name__)


@blueprint.post("/anthropic/v1/messages/count_tokens")
@blueprint.post("/anthropic/messages/count_tokens")
@blueprint.post("/anthropic/count_tokens")
@blueprint.post("/v1/messages/count_tokens")
def count_tokens() -> Response:
    """The tokens that a request with this body would be billed for."""

    def count(record: Record) -> dict[str, int]:
        body = body_of(settings(), record)
        required_string(body, "model")
        return {"input_tokens": prompt_tokens(read_conversation(body))}

    return json_to_flask(count)
