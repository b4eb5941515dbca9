"""What tests of the numbers ask a running server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.requests import CHAT, request_to
from tests.running import PATIENCE, Server

BODY = request_to("chat")


def ask(server: Server, number: int = 1, **fields: Any) -> None:
    """So many requests, each on a connection of its own: any worker may get it."""
    for _ in range(number):
        httpx.post(server.origin + CHAT, json=BODY | fields, timeout=PATIENCE).raise_for_status()


def stats(server: Server) -> dict[str, Any]:
    answer = httpx.get(f"{server.origin}/llmsim/stats", timeout=PATIENCE)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def stats_when(server: Server, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The numbers as soon as they are as wanted: what a client does takes time to be noticed."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := stats(server)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found
