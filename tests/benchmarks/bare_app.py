"""The least that could answer a chat request: reads the body, says a fixed JSON of the size of llmsim's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

BODY = b'{"id":"chatcmpl-0","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"}}]}'.ljust(600)
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application."""
    environ["wsgi.input"].read()
    start_response("200 OK", HEADERS)
    return [BODY]
