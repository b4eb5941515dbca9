"""The base URLs to give to clients. OpenAI's include the version, Anthropic's does not.

Its clients add it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmsim.settings import Settings

BASES = {
    "openai": "/openai/v1",
    "openresponses": "/openresponses/v1",
    "anthropic": "/anthropic",
    "bare": "/v1",
}

# Where an API's routes are found: with the version in the base URL, or without.
PREFIXES = (
    "/openai/v1",
    "/openai",
    "/openresponses/v1",
    "/openresponses",
    "/anthropic/v1",
    "/anthropic",
    "/v1",
)


def base_urls(settings: Settings, origin: str, prefix: str = "") -> dict[str, str]:
    """Each API's base URL, below `prefix`."""
    begin = root(settings, origin) + prefix
    return {name: begin + base for name, base in BASES.items()}


def root(settings: Settings, origin: str) -> str:
    """What every URL of this server begins with.

    The setting `server.public_url`, else the origin that the request came by.
    """
    return (settings.public_url or origin).rstrip("/")


def origin_of(environ: Mapping[str, Any]) -> str:
    """The scheme and host of a request, as the client wrote them.

    Flask takes a name with an underscore, as containers have it, for none.
    """
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}"
