"""What validating clients accept: the official openai SDK in strict mode, and the OpenResponses specification's own types."""

from __future__ import annotations

from typing import Any

import openresponses_types
import pydantic
from openai import OpenAI

try:
    import httpx2 as http  # what openai 3 is built on
except ImportError:
    import httpx as http  # and openai 2


def client(body: bytes, content_type: str = "application/json") -> OpenAI:
    """An SDK client whose every request is answered with `body`, and which validates it in full."""

    def answer(request: Any) -> Any:
        return http.Response(200, headers={"content-type": content_type}, content=body)

    return OpenAI(
        api_key="unused",
        base_url="http://llmsim.invalid/v1",
        max_retries=0,
        http_client=http.Client(transport=http.MockTransport(answer)),
        _strict_response_validation=True,
    )


def streaming_client(body: bytes) -> OpenAI:
    """The same, for a stream."""
    return client(body, "text/event-stream; charset=utf-8")


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
    models = [value for name, value in vars(openresponses_types).items() if name.endswith("StreamingEvent")]
    return {str(kind): model for model in models for kind in model.model_fields["type"].annotation}


_EVENTS = _events()
