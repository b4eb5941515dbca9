"""What the official SDKs make of each fault and error kind: the tables of the README, row by row.

The SDKs have their own defaults: two retries. All cases are played at once, each in a session of
its own, whose one turn comes again as often as the SDK asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam

from tests.running import PATIENCE, ROOT, Server
from tests.sdk.scripted import CLAUDE, Served

SAID = "one two three four five six seven eight"
ASKED: MessageParam = {"role": "user", "content": "Hi"}

FAULTS = [
    "disconnect",
    "truncate",
    "stall",
    "malformed",
    "stream_error",
    "split",
    "duplicate",
    "bad_arguments",
]
KINDS = [
    "rate_limit",
    "timeout",
    "invalid_request",
    "overloaded",
    "authentication",
    "permission",
    "not_found",
    "context_length",
    "connection_reset",
    "other",
]
CALLED = {"name": "read", "arguments": {"path": "a"}}


def turn_of(name: str) -> dict[str, Any]:
    """The turn that shows a fault or an error kind; what an SDK asks again it asks at once."""
    if name == "bad_arguments":
        return {"type": "tool_calls", "calls": [CALLED], "fault": name}
    if name == "stall":
        return {"type": "assistant", "text": SAID, "fault": {"kind": "stall", "ms": 50}}
    if name in FAULTS:
        return {"type": "assistant", "text": SAID, "fault": name}
    needed = {"message": "m"} if name in ("invalid_request", "other") else {}
    return {"type": "error", "kind": name, "retry_after": 0, **needed}


END = "\n"  # what is kept of a reason to finish

Hear = Callable[[str, list[str]], None]
"""Asks at an origin, and keeps the pieces that it hears, and the end."""


def chat(origin: str, heard: list[str]) -> None:
    with openai.OpenAI(base_url=f"{origin}/openai/v1", api_key="unused") as client:
        completion = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}]
        )
        message = completion.choices[0].message
        calls = message.tool_calls or []
        heard += [
            message.content or "",
            *(call.function.arguments for call in calls if call.type == "function"),
            END if completion.choices[0].finish_reason else "",
        ]


def chat_stream(origin: str, heard: list[str]) -> None:
    with openai.OpenAI(base_url=f"{origin}/openai/v1", api_key="unused") as client:
        for chunk in client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}], stream=True
        ):
            choice = chunk.choices[0]
            delta = choice.delta
            for call in delta.tool_calls or []:
                if call.function:
                    heard.append(call.function.arguments or "")
            heard.append(delta.content or "")
            heard.append(END if choice.finish_reason else "")


def messages(origin: str, heard: list[str]) -> None:
    with Anthropic(base_url=f"{origin}/anthropic", api_key="unused") as client:
        message = client.messages.create(model=CLAUDE, max_tokens=100, messages=[ASKED])
        for block in message.content:
            if block.type == "text":
                heard.append(block.text)
            elif block.type == "tool_use":
                heard.append(str(block.input))
        heard.append(END if message.stop_reason else "")


def messages_stream(origin: str, heard: list[str]) -> None:
    with Anthropic(base_url=f"{origin}/anthropic", api_key="unused") as client:
        for event in client.messages.create(
            model=CLAUDE, max_tokens=100, messages=[ASKED], stream=True
        ):
            if event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    heard.append(event.delta.text)
                elif event.delta.type == "input_json_delta":
                    heard.append(event.delta.partial_json)
            elif event.type == "message_delta":
                heard.append(END if event.delta.stop_reason else "")


WAYS: dict[str, Hear] = {
    "`openai`": chat,
    "`openai`, streamed": chat_stream,
    "`anthropic`": messages,
    "`anthropic`, streamed": messages_stream,
}


class Seen(NamedTuple):
    """What an SDK raised, what it had heard by then, and how often it had asked."""

    raised: str
    heard: str
    requests: int

    def __str__(self) -> str:
        """As a cell of the table."""
        if not self.raised:
            return _HEARD.get(self.heard) or repr(self.heard)
        cell = f"`{self.raised}`"
        if self.heard:
            cell += " after a part"
        return cell if self.requests == 1 else f"{cell}, {self.requests} requests"


_HEARD = {
    SAID + END: "all of it",
    SAID: "all of it, but no end",
    "one two three four five five six seven eight" + END: "a piece twice",
    '{"path":"a"' + END: "arguments that are no JSON",
}


def hear(server: Server, name: str, way: str) -> Seen:
    """Let an SDK meet a turn."""
    session = f"{name}-{list(WAYS).index(way)}"
    put = httpx.put(
        f"{server.origin}/llmsim/sessions/{session}/script",
        json={"turns": [turn_of(name)]},
        timeout=PATIENCE,
    )
    assert put.status_code == 200, put.text
    heard: list[str] = []
    raised = ""
    try:
        WAYS[way](f"{server.origin}/s/{session}", heard)
    except Exception as error:  # whatever the SDK lets through
        raised = type(error).__name__
    asked = httpx.get(
        f"{server.origin}/llmsim/sessions/{session}/requests?limit=10", timeout=PATIENCE
    )
    return Seen(raised, "".join(heard), len(asked.json()["entries"]))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Seen]]]:
    """What all SDKs saw of all turns."""
    names = [*FAULTS, *KINDS]
    with (
        Server(tmp_path_factory.mktemp("faults"), None) as server,
        ThreadPoolExecutor(16) as pool,
    ):
        asked = {
            name: {way: pool.submit(hear, server, name, way) for way in WAYS} for name in names
        }
        yield {
            name: {way: future.result() for way, future in row.items()}
            for name, row in asked.items()
        }
        Served(server, 0).assert_unharmed()


def row_of(name: str, row: dict[str, Seen]) -> str:
    """A row of the README's tables. An error is the same, streamed or not."""
    cells = [*map(str, row.values())]
    if name in KINDS:
        assert cells[0::2] == cells[1::2]
        cells = cells[0::2]
    return f"| `{name}` | {' | '.join(cells)} |"


@pytest.mark.parametrize("name", [*FAULTS, *KINDS])
def test_the_readme_says_what_each_sdk_makes_of_it(
    seen: dict[str, dict[str, Seen]], name: str
) -> None:
    readme = Path(ROOT / "README.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{name}` \| (?:all|`[A-Z]|a piece|arg).*\|$", readme, re.M)
    assert row == row_of(name, seen[name])
