"""The base URLs to give to clients."""

from __future__ import annotations

from llmsim.settings import Settings

BASES = {"openai": "/openai/v1", "openresponses": "/openresponses/v1", "bare": "/v1"}


def base_urls(settings: Settings, root_url: str, prefix: str = "") -> dict[str, str]:
    """Each API's base URL, below the setting `server.public_url` or else the URL that the request came by, and `prefix`."""
    root = (settings.public_url or root_url).rstrip("/")
    return {name: root + prefix + base for name, base in BASES.items()}
