"""Request bodies, and the scripts that answer them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.requests import ROUTE_OF, body_for
from tests.running import text, write_script

CHAT, RESPONSES, MESSAGES = (ROUTE_OF[api] for api in ("chat", "responses", "anthropic"))
HELLO = text("Hello! How can I help you today?")


def tiny(path: str = CHAT, **fields: Any) -> Sequence[str]:
    """The one body of a tiny prompt to that API."""
    return [json.dumps(body_for(path, model="llmsim", **fields))]


def hello(folder: Path) -> Path:
    """A script of one short turn that repeats."""
    return write_script(folder / "hello.json", HELLO)
