"""What a client gets whose request has no head that HTTP allows: JSON, as of the OpenAI APIs.

Which API it asked is not known: its path may be what is wrong.
"""

from __future__ import annotations

from typing import Any

from gunicorn import util

from llmsim.json_text import ascii_json

_LEAST_SERVER_ERROR = 500


def answer_in_json() -> None:
    """Let gunicorn answer so. It has no setting for that: it writes every such answer by this."""
    util.write_error = _write_error


def _write_error(sock: Any, status: int, reason: str, message: str) -> None:
    """See `gunicorn.util.write_error`, which writes HTML."""
    kind = "server_error" if status >= _LEAST_SERVER_ERROR else "invalid_request_error"
    text = f"{reason}: {message}" if message else f"{reason}."
    error = {"message": text, "type": kind, "param": None, "code": None}
    body = ascii_json({"error": error})
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin-1") + body)
