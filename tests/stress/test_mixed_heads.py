"""Many clients on one worker that remembers heads: none ever gets what is another's.

`STRESS_REQUESTS=1000000` in the environment asks a million times.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.requests import CHAT
from tests.running import PATIENCE, Server, numbered, write_script
from tests.server.workers.pair import WORKERS, facts, served

REQUESTS = int(os.environ.get("STRESS_REQUESTS", "3000"))
CLIENTS = 24
CONNECTIONS = 12
# Then the connection ends and another begins.
REQUESTS_A_CONNECTION = 500
AT_ONCE = 4  # on one connection, in one piece
TURNS = 100

_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n", re.IGNORECASE)
_HEADER = re.compile(rb"\r\n([\w-]+): ([^\r]*)")


@dataclass(frozen=True)
class Client:
    """What one client sends; most of it is of the same length as what others send."""

    number: int

    @property
    def session(self) -> str:
        return f"client-{self.number:02}"

    def request(self, path: str, body: bytes) -> bytes:
        """Every third client says its length last, every fourth before all else."""
        lines = {
            "Host": f"host-{self.number:02}",
            "Authorization": f"Bearer sk-{self.number:02}",
            "X-LLMSim-Session": self.session,
            "User-Agent": f"agent-{self.number:02}",
            "Content-Type": "application/json",
        }
        length = {"Content-Length": str(len(body))}
        lines = length | lines if self.number % 4 == 0 else lines | length
        if self.number % 3:
            lines |= {"Accept": "*/*"}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


ALL = [Client(number) for number in range(CLIENTS)]
Check = Callable[[Client, int, bytes, bytes], None]


async def crowd(server: Server, path: str, check: Check) -> None:
    """Ask as many times as is wanted, as any client on any connection."""
    host, port = server.origin.removeprefix("http://").split(":")
    left = iter(range(REQUESTS // AT_ONCE))
    connections = [
        asyncio.create_task(ask_on((host, int(port)), path, left, check, seed))
        for seed in range(CONNECTIONS)
    ]
    await asyncio.gather(*connections)


async def ask_on(
    address: tuple[str, int], path: str, left: Iterator[int], check: Check, seed: int
) -> None:
    """One connection after the other."""
    chance = random.Random(seed)
    reader = writer = None
    sent = 0
    for _ in left:
        if writer is None or sent > REQUESTS_A_CONNECTION:
            if writer is not None:
                writer.close()
            reader, writer = await asyncio.open_connection(*address)
            sent = 0
        assert reader is not None
        asked = [(chance.choice(ALL), chance.randrange(1_000)) for _ in range(AT_ONCE)]
        writer.write(
            b"".join(client.request(path, body_of(client, mark)) for client, mark in asked)
        )
        for client, mark in asked:
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            assert found, head
            check(client, mark, head, await reader.readexactly(int(found[1])))
        sent += AT_ONCE
    if writer is not None:
        writer.close()


def body_of(client: Client, mark: int) -> bytes:
    said = f"{client.number:02} says {mark}"
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": said}]}).encode()


def test_no_client_sees_what_another_sent(tmp_path: Path) -> None:
    asked = 0

    def check(client: Client, mark: int, head: bytes, body: bytes) -> None:
        nonlocal asked
        seen = json.loads(body)
        sent = client.request("/", body_of(client, mark)).partition(b"\r\n\r\n")[0]
        expected = {
            f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode()
            for name, value in _HEADER.findall(sent)
        }
        own = {
            name.removeprefix("HTTP_") if "CONTENT" in name else name: value
            for name, value in expected.items()
        }
        told = seen["environ"]
        assert {name: told.get(name) for name in own} == own
        assert {name for name in told if name.startswith("HTTP_")} <= set(own)
        assert seen["body"].encode() == body_of(client, mark)
        asked += 1

    with served(tmp_path, WORKERS["fast"], LLMSIM_KEEPALIVE=str(PATIENCE)) as server:
        asyncio.run(crowd(server, "/", check))
        assert facts(server)["again"] > REQUESTS * 0.9
    assert asked == REQUESTS // AT_ONCE * AT_ONCE


def test_each_client_is_answered_in_its_own_session(tmp_path: Path) -> None:
    positions: dict[str, list[int]] = defaultdict(list)

    def check(client: Client, mark: int, head: bytes, body: bytes) -> None:
        headers = {name.decode(): value.decode() for name, value in _HEADER.findall(head)}
        assert headers["X-LLMSim-Session"] == client.session
        position = int(headers["X-LLMSim-Position"])
        text = json.loads(body)["choices"][0]["message"]["content"]
        assert text == str(position % TURNS)
        positions[client.session].append(position)

    script = write_script(tmp_path / "script.json", *numbered(TURNS), on_exhausted="loop")
    settings = {"LLMSIM_WORKERS": "1", "LLMSIM_KEEPALIVE": str(PATIENCE)}
    with Server(tmp_path, script, **settings) as server:
        asyncio.run(crowd(server, CHAT, check))
        for client in ALL:
            taken = positions[client.session]
            assert sorted(taken) == list(range(len(taken)))
            assert_entries_are_its_own(server, client)


def assert_entries_are_its_own(server: Server, client: Client) -> None:
    path = f"{server.origin}/llmsim/sessions/{client.session}/requests"
    entries = httpx.get(path, params={"limit": 100}, timeout=PATIENCE).json()["entries"]
    assert entries
    for entry in entries:
        headers = {name.lower(): value for name, value in entry["request_headers"].items()}
        assert headers["user-agent"] == f"agent-{client.number:02}"
        (said,) = entry["request_body"]["messages"]
        assert said["content"].startswith(f"{client.number:02} says ")
