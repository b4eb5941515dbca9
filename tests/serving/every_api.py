"""One good request that every API takes, and every route there is."""

from __future__ import annotations

from typing import Any

from llmsim.apis import APIS

ROUTES = [route for api in APIS for route in api.routes]
API_OF = {route: api.renderer.name for api in APIS for route in api.routes}
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hi"}],
    "input": "Hi",
    "max_tokens": 16,
}
