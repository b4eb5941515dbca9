"""Request bodies, and the scripts that answer them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.requests import ROUTE_OF, body_for
from tests.running import text, write_script

CHAT, RESPONSES, MESSAGES = (ROUTE_OF[api] for api in ("chat", "responses", "anthropic"))
# Two workers remember 2,048 bodies at most, and of those that have 10 KB far less.
_NEW = 5_000
HELLO = text("Hello! How can I help you today?")


def tiny(path: str = CHAT, **fields: Any) -> Sequence[str]:
    """The one body of a tiny prompt to that API."""
    return [json.dumps(body_for(path, model="llmsim", **fields))]


def each_new(body: Mapping[str, Any]) -> Sequence[str]:
    """So many bodies, alike but for their user, that none is remembered until it comes again."""
    return [json.dumps({**body, "user": f"user {number}"}) for number in range(_NEW)]


def hello(folder: Path) -> Path:
    """A script of one short turn that repeats."""
    return write_script(folder / "hello.json", HELLO)
