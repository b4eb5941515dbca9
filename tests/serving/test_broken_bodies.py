"""Bodies that break off or are no chunks, and clients that leave while they send."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.requests import CHAT, FOR_ALL, ROUTE_OF
from tests.running import PATIENCE, Server, numbered, write_script

BODY = json.dumps(FOR_ALL).encode()
OTHERS = [route for route in ROUTE_OF.values() if route != CHAT]
OTHERS += ["/anthropic/v1/messages/count_tokens"]


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
# What is wrong can be told before the client ends its side.
BROKEN = {
    "no size": CHUNKED + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n",
    "short chunk": CHUNKED + b"5\r\n" + BODY + b"\r\n0\r\n\r\n",
}
# What is wrong is that the rest does not come.
CUT = {
    "no last chunk": CHUNKED + chunk(BODY),
    "half a chunk": CHUNKED + chunk(BODY)[:-9],
    "nothing after the last chunk": CHUNKED + chunk(BODY) + b"0\r\n",
    "whole JSON, greater length": b"Content-Length: %d\r\n\r\n" % (len(BODY) + 10) + BODY,
    "half of the JSON": b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:20],
    "nothing": b"Content-Length: 10\r\n\r\n",
}


class Sender:
    """Sends raw requests to a server, each in a session of its own, and reads its journal."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._control = httpx.Client(base_url=f"{server.origin}/llmsim", timeout=PATIENCE)

    def send(self, route: str, rest: bytes) -> socket.socket:
        """The connection, once the server has begun to serve the request."""
        self._session = self._control.post("/sessions", json={}).json()["name"]
        head = f"POST /s/{self._session}{route} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += "Content-Type: application/json\r\n"
        host, _, port = self._server.origin.rpartition("/")[2].partition(":")
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n" + rest)
        answered = b""
        while not answered.endswith(b"\r\n\r\n"):
            answered += connection.recv(1)
        assert answered == b"HTTP/1.1 100 Continue\r\n\r\n"
        return connection

    def entry(self) -> dict[str, Any]:
        """The one entry of the last request, once its answer has ended."""
        path = f"/sessions/{self._session}/requests"
        query = {"wait_for": 1, "timeout": PATIENCE}
        (entry,) = self._control.get(path, params=query).json()["entries"]
        assert entry["position"] is None
        return dict(entry)

    def assert_unharmed(self) -> None:
        """No turn was taken, nothing went wrong inside, and the next request is served."""
        session = self._control.get(f"/sessions/{self._session}").json()
        assert session["position"] == 0
        answer = httpx.post(
            f"{self._server.origin}/s/{self._session}{CHAT}", content=BODY, timeout=PATIENCE
        )
        assert answer.headers["X-LLMSim-Position"] == "0"
        log = self._server.log()
        assert "Traceback" not in log, log
        assert "Cannot answer" not in log, log


@pytest.fixture(scope="module", params=["gevent", "gthread", "sync"])
def sender(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sender]:
    directory = tmp_path_factory.mktemp("broken")
    script = write_script(directory / "script.json", *numbered(3))
    with Server(directory, script, LLMSIM_WORKER_CLASS=request.param, LLMSIM_WORKERS="1") as server:
        yield Sender(server)


def answer_to(connection: socket.socket) -> tuple[int, Any]:
    """The status and the JSON of the answer, up to the end of the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("route", "rest"),
    [
        *((CHAT, rest) for rest in [*BROKEN.values(), *CUT.values()]),
        *((route, rest) for route in OTHERS for rest in (BROKEN["no size"], CUT["nothing"])),
    ],
)
def test_a_body_that_is_not_whole_is_a_400_and_takes_no_turn(
    sender: Sender, route: str, rest: bytes
) -> None:
    with sender.send(route, rest) as connection:
        connection.shutdown(socket.SHUT_WR)
        status, answer = answer_to(connection)
    assert status == 400
    if "anthropic" in route:
        assert (answer["type"], answer["error"]["type"]) == ("error", "invalid_request_error")
    else:
        assert answer["error"]["code"] == "incomplete_body"
    assert answer["error"]["message"].startswith("The request body ")
    entry = sender.entry()
    assert (entry["status"], entry["outcome"]) == (400, "completed")
    sender.assert_unharmed()


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("rest", CUT.values(), ids=CUT)
def test_a_client_that_leaves_while_it_sends_is_gone_and_takes_no_turn(
    sender: Sender, rest: bytes, leave: str
) -> None:
    connection = sender.send(CHAT, rest)
    if leave == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    entry = sender.entry()
    assert (entry["status"], entry["outcome"]) == (400, "client_gone")
    sender.assert_unharmed()


def test_the_control_api_refuses_a_body_that_is_not_whole_in_its_own_shape(sender: Sender) -> None:
    with sender.send("/llmsim/sessions", CUT["whole JSON, greater length"]) as connection:
        connection.shutdown(socket.SHUT_WR)
        status, answer = answer_to(connection)
    assert status == 400
    assert (set(answer["error"]), answer["error"]["code"]) == (
        {"message", "code"},
        "incomplete_body",
    )
    sender.assert_unharmed()
