"""Requests whose head is none: the answer is JSON under every worker class."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.running import PATIENCE, Server, by_flag

pytestmark = pytest.mark.slow  # servers are started and stopped

BAD = {
    b"PO ST / HTTP/1.1\r\n\r\n": (400, "Bad Request: Invalid "),
    b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n": (400, "Bad Request: "),
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n": (414, "URI Too Long: "),
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"<b>" * 9000 + b"\r\n\r\n": (431, "Request Header "),
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zip\r\n\r\n": (501, "Bad Request: "),
}


def answer(server: Server, head: bytes) -> tuple[int, Any, str | None]:
    host, port = server.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(head)
        found = HTTPResponse(connection)
        found.begin()
        return found.status, json.loads(found.read()), found.headers["Content-Type"]


@pytest.mark.parametrize("worker_class", ["fast", "gevent", "gthread", "sync"])
def test_a_bad_head_is_answered_in_json_as_openai_sends_errors(
    tmp_path: Path, worker_class: str
) -> None:
    with Server(tmp_path, None, *by_flag(worker_class)) as server:
        for head, (status, begin) in BAD.items():
            found, body, content_type = answer(server, head)
            assert (found, content_type) == (status, "application/json"), head
            message = body["error"].pop("message")
            assert message.startswith(begin)
            kind = "server_error" if status == 501 else "invalid_request_error"
            assert body == {"error": {"type": kind, "param": None, "code": None}}
