"""The least that could answer a chat request.

Reads the body, says a fixed JSON of the size of llmsim's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_CHOICE = b'{"index":0,"message":{"role":"assistant","content":"Hello!"}}'
BODY = b'{"id":"chatcmpl-0","object":"chat.completion","choices":[%b]}' % _CHOICE
BODY = BODY.ljust(600)
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application."""
    environ["wsgi.input"].read()
    start_response("200 OK", HEADERS)
    return [BODY]
