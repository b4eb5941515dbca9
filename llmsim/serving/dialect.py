"""Whose words a request is answered in, where its path alone may not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.apis import renderer_for
from llmsim.apis.anthropic.renderer import AnthropicRenderer
from llmsim.apis.renderer import Renderer

_ANTHROPIC = AnthropicRenderer()


def dialect_of(environ: Mapping[str, Any]) -> Renderer:
    """The renderer of the API that is asked.

    By the path; the bare `/v1`, and what is below no API's prefix, serve all families, and only
    Anthropic's clients send `anthropic-version`.
    """
    path: str = environ["PATH_INFO"]
    if "HTTP_ANTHROPIC_VERSION" in environ and not path.startswith(("/openai/", "/openresponses/")):
        return _ANTHROPIC
    return renderer_for(path)


def is_anthropic(renderer: Renderer) -> bool:
    """Whether Anthropic's clients ask."""
    return isinstance(renderer, AnthropicRenderer)
