"""Request bodies, and the scripts that answer them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.running import text, write_script

CHAT, RESPONSES, MESSAGES = (
    "/openai/v1/chat/completions",
    "/openai/v1/responses",
    "/anthropic/v1/messages",
)
HELLO = text("Hello! How can I help you today?")
_ASKED: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "Hi"}]},
    RESPONSES: {"input": "Hi"},
    MESSAGES: {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1024},
}


def tiny(path: str = CHAT, **fields: Any) -> Sequence[str]:
    """The one body of a tiny prompt to that API."""
    return [json.dumps({"model": "llmsim", **_ASKED[path], **fields})]


def hello(folder: Path) -> Path:
    """A script of one short turn that repeats."""
    return write_script(folder / "hello.json", HELLO)
