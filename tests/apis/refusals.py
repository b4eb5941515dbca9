"""What a request without a fault looks like, and how a refusal is caught."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.apis.anthropic.renderer import AnthropicRenderer
from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.apis.renderer import Renderer
from llmsim.apis.responses.openresponses import OpenResponsesRenderer
from llmsim.apis.responses.renderer import ResponsesRenderer
from llmsim.errors import RequestError

RENDERERS: dict[str, Renderer] = {
    renderer.name: renderer
    for renderer in (
        ChatRenderer(),
        ResponsesRenderer(),
        OpenResponsesRenderer(),
        AnthropicRenderer(),
    )
}

VALID: dict[str, dict[str, Any]] = {
    "chat": {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "gpt-5", "input": "Hi"},
    "openresponses": {"model": "gpt-5", "input": "Hi"},
    "anthropic": {
        "model": "gpt-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}

ABSENT = object()
"""In a change: the field is left out."""


def changed(api: str, change: dict[str, Any]) -> dict[str, Any]:
    """The valid request of `api` with `change` applied."""
    return {name: value for name, value in {**VALID[api], **change}.items() if value is not ABSENT}


def refusal(api: str, change: dict[str, Any]) -> RequestError:
    """The error that the changed request is refused with."""
    with pytest.raises(RequestError) as caught:
        RENDERERS[api].read(changed(api, change))
    return caught.value
