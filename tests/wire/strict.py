"""What validating clients accept.

The official SDKs in strict mode, and the OpenResponses specification's own types.
"""

from __future__ import annotations

from typing import Any

import openresponses_types
import pydantic
from anthropic import Anthropic
from anthropic import _base_client as anthropic_base
from openai import OpenAI
from openai import _base_client as openai_base

STREAM = "text/event-stream; charset=utf-8"


def client(body: bytes, content_type: str = "application/json") -> OpenAI:
    """An SDK client whose every request is answered with `body`, and which validates it in full."""
    return OpenAI(base_url="http://llmsim.invalid/v1", **_options(openai_base, body, content_type))


def streaming_client(body: bytes) -> OpenAI:
    """The same, for a stream."""
    return client(body, STREAM)


def lenient_streaming_client(body: bytes) -> OpenAI:
    """The same as it is out of the box: what its types do not know is handed through."""
    options = _options(openai_base, body, STREAM) | {"_strict_response_validation": False}
    return OpenAI(base_url="http://llmsim.invalid/v1", **options)


def anthropic_client(body: bytes, content_type: str = "application/json") -> Anthropic:
    """The same, of Anthropic's SDK."""
    return Anthropic(
        base_url="http://llmsim.invalid", **_options(anthropic_base, body, content_type)
    )


def anthropic_streaming_client(body: bytes) -> Anthropic:
    """The same, for a stream."""
    return anthropic_client(body, STREAM)


def _options(base: Any, body: bytes, content_type: str) -> dict[str, Any]:
    """`base` is the SDK's module that knows which HTTP library it is built on.

    Httpx, or since version 3 and 2 httpx2.
    """
    http = getattr(base, "httpx2", None) or base.httpx

    def answer(request: Any) -> Any:
        return http.Response(200, headers={"content-type": content_type}, content=body)

    transport = http.MockTransport(answer)
    return {
        "api_key": "unused",
        "max_retries": 0,
        "http_client": http.Client(transport=transport),
        "_strict_response_validation": True,
    }


def openresponses_resource(body: bytes) -> pydantic.BaseModel:
    """`body` as the specification's response resource.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return openresponses_types.ResponseResource.model_validate_json(body, strict=True)


def openresponses_event(data: str, kind: str) -> pydantic.BaseModel:
    """A frame's data as the specification's event of the type `kind`.

    Raises:
        KeyError: there is no such event.
        pydantic.ValidationError: it is none.
    """
    return _EVENTS[kind].model_validate_json(data, strict=True)


def _events() -> dict[str, type[pydantic.BaseModel]]:
    models = [
        value
        for name, value in vars(openresponses_types).items()
        if name.endswith("StreamingEvent")
    ]
    return {str(kind): model for model in models for kind in model.model_fields["type"].annotation}


_EVENTS = _events()
