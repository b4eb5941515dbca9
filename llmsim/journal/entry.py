"""One journal entry.

A line of JSON whose last fields have a fixed width, so that they can be written over in place.

An entry is written before the last bytes of its answer leave, so that a client that has them can
read it. If those bytes then cannot be sent, the end of the line is amended.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, Final

from llmsim.journal.redact import redacted
from llmsim.json_text import ascii_json
from llmsim.reply import Block, Failure, Reply, ToolCall

COMPLETED: Final = "completed"
CLIENT_GONE: Final = "client_gone"

_ENDING: Final = b',"outcome":%-13s,"bytes":%12d,"chunks":%9d,"duration_ms":%14.3f}'

# The headers that are kept; whatever is not listed may be a secret.
_KEPT_HEADERS: Final = (
    "accept accept-encoding content-type content-length user-agent x-stainless-lang "
    "x-stainless-package-version x-stainless-os "
    "x-stainless-arch x-stainless-runtime x-stainless-runtime-version x-stainless-async "
    "x-stainless-retry-count x-stainless-read-timeout "
    "x-stainless-timeout x-stainless-helper-method openai-beta openai-organization "
    "openai-project anthropic-version anthropic-beta "
    "x-client-request-id session-id thread-id originator x-app x-claude-code-session-id "
    "traceparent idempotency-key"
)
_ENVIRON_NAMES: Final = {
    ("HTTP_" + name.upper().replace("-", "_")).replace("HTTP_CONTENT_", "CONTENT_"): name
    for name in _KEPT_HEADERS.split()
}


def kept_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a request that may be written down."""
    return {name: str(environ[key]) for key, name in _ENVIRON_NAMES.items() if key in environ}


def answered(outcome: Reply | Failure) -> dict[str, Any]:
    """What went out: blocks or a failure."""
    if isinstance(outcome, Failure):
        failure = {
            "status": outcome.status,
            "kind": outcome.kind,
            "message": outcome.message,
            "code": outcome.code,
        }
        return {"failure": failure}
    return {"blocks": [_block(block) for block in outcome.blocks]}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, ToolCall):
        return {
            "type": "tool_call",
            "id": block.id,
            "name": block.name,
            "arguments": block.arguments,
        }
    return {"type": type(block).__name__.lower(), "text": block.text}


def kept_body(body: bytes, value: Any, limit: int) -> tuple[bytes, bool]:
    """A request's body as JSON text of at most `limit` bytes, and whether it was cut.

    A body that is cut becomes a JSON string.

    `value` is the body parsed.
    """
    text = redacted(body.removeprefix(codecs.BOM_UTF8), value)
    if len(text) <= limit:
        return text, False
    return ascii_json(text[:limit].decode("utf-8", "ignore")), True


def ending(outcome: str, size: int, chunks: int, duration_ms: float) -> bytes:
    """The end of an entry.

    How the answer ended, how many bytes and writes of its body went out, and how long it took in
    milliseconds.
    """
    return _ENDING % (b'"%b"' % outcome.encode("ascii"), size, chunks, duration_ms)


def line(facts: Mapping[str, Any], body: bytes | None, end: bytes) -> bytes:
    """The whole entry; `body` is JSON text and goes in as it is."""
    start = ascii_json(facts)[:-1]
    return start + (b"" if body is None else b',"request_body":' + body) + end
