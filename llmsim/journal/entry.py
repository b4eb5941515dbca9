"""What is written down of one request, in its parts.

See `journal.line` for how it becomes a line of the journal.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from llmsim.conversation import KEPT_HEADERS
from llmsim.journal.redact import beginning, redacted
from llmsim.reply import Block, Failure, Reply, ToolCall
from llmsim.script.conditions import Difference

# What is kept of each request: all of it, no bodies and blocks, nothing.
FULL: Final = "full"
META: Final = "meta"
OFF: Final = "off"

_MOST_CHARACTERS: Final = 300  # of what was wanted, or found

COMPLETED: Final = "completed"
CLIENT_GONE: Final = "client_gone"
BROKEN_OFF: Final = "broken_off"  # by a fault of the script

_ENVIRON_NAMES: Final = {
    ("HTTP_" + name.upper().replace("-", "_")).replace("HTTP_CONTENT_", "CONTENT_"): name
    for name in KEPT_HEADERS
}


def kept_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a request that may be written down."""
    return {name: str(environ[key]) for key, name in _ENVIRON_NAMES.items() if key in environ}


def served(reply: Reply) -> dict[str, Any]:
    """What went out: blocks."""
    return {"blocks": [_block(block) for block in reply.blocks]}


def failed(failure: Failure, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What went out: a failure, and what its headers say of retries, if they do.

    `retry_after` is in seconds, as sent.
    """
    said: dict[str, Any] = {
        "status": failure.status,
        "kind": failure.kind,
        "message": failure.message,
        "code": failure.code,
    }
    for name, value in headers:
        if name == "Retry-After" and value.isdigit():
            said["retry_after"] = int(value)
        elif name == "x-should-retry":
            said["should_retry"] = value != "false"
    return {"failure": said}


def unmet(difference: Difference) -> dict[str, str]:
    """A condition that a turn expected and did not find."""
    return {
        "condition": difference.condition,
        "wanted": difference.wanted[:_MOST_CHARACTERS],
        "found": difference.found[:_MOST_CHARACTERS],
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, ToolCall):
        return {
            "type": "tool_call",
            "id": block.id,
            "name": block.name,
            "arguments": block.arguments,
        }
    return {"type": type(block).__name__.lower(), "text": block.text}


class Sent(NamedTuple):
    """What is kept of a request's body.

    `body` is the whole of it as JSON text, or None; then `text` is its beginning, or None where
    there is nothing to show. `truncated` says that there was more.
    """

    body: bytes | None
    text: str | None
    truncated: bool


NOTHING: Final = Sent(None, None, truncated=False)


class JsonBody:
    """A body that is JSON: its bytes, and its value when parsed, which nobody changes."""

    def __init__(self, body: bytes, value: Any) -> None:
        self.bytes = body
        self.value = value

    @cached_property
    def _text(self) -> bytes:
        return redacted(self.bytes.removeprefix(codecs.BOM_UTF8), self.value)

    def sent(self, limit: int) -> Sent:
        """What is kept of it: at most `limit` bytes."""
        text = self._text
        if len(text) <= limit:
            return Sent(text, None, False)
        return Sent(None, text[:limit].decode("utf-8", "ignore"), True)


def sent_text(body: bytes, limit: int) -> Sent:
    """A body that is no JSON, of which at most `limit` bytes are kept."""
    whole = len(body) <= limit
    # A character that the limit cuts is left out; what is no UTF-8 at all shows as U+FFFD.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(body[:limit], final=whole)
    kept = beginning(text)
    return Sent(None, kept, not whole or kept != text)
