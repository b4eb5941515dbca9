"""What the APIs are asked: a short good request of each, and the routes that take it.

Lists of APIs and routes in tests come from here, and those here from `APIS`.
"""

from __future__ import annotations

from typing import Any

from llmsim.apis import APIS

RENDERERS = {api.renderer.name: api.renderer for api in APIS}
ROUTES_OF = {api.renderer.name: api.routes for api in APIS}
API_OF = {route: name for name, routes in ROUTES_OF.items() for route in routes}
ROUTES = [*API_OF]
ROUTE_OF = {name: routes[0] for name, routes in ROUTES_OF.items()}
"""The one route of each API that is tried where all would be too many."""

CHAT = ROUTE_OF["chat"]
MESSAGES = [{"role": "user", "content": "Hi"}]

_LEAST: dict[str, dict[str, Any]] = {
    "chat": {"messages": MESSAGES},
    "responses": {"input": "Hi"},
    "openresponses": {"input": "Hi"},
    "anthropic": {"messages": MESSAGES, "max_tokens": 16},
}
FOR_ALL: dict[str, Any] = {"model": "m", "messages": MESSAGES, "input": "Hi", "max_tokens": 16}
"""One request that every API takes."""


def request_to(api: str, **fields: Any) -> dict[str, Any]:
    """The least that this API takes, and these fields."""
    return {"model": "m", **_LEAST[api], **fields}


def body_for(route: str, **fields: Any) -> dict[str, Any]:
    """The least that this route takes, and these fields."""
    return request_to(API_OF[route], **fields)
