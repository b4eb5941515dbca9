"""A client that goes away in the middle of a stream costs its own turn and nothing else.

Under every worker class.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI

from tests.running import text
from tests.sdk.scripted import CLAUDE, Served

LONG = (
    "The quick brown fox jumps over the lazy dog. " * 4500
)  # 200,000 characters: far more than the sockets between hold
TURNS = [text(LONG)]

MESSAGES: Any = [{"role": "user", "content": "Hi"}]


def _break_out_of_a_chat_stream(served: Served) -> None:
    with (
        OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client,
        client.chat.completions.create(**_CHAT) as stream,
    ):
        assert (
            next(
                chunk.choices[0].delta.content for chunk in stream if chunk.choices[0].delta.content
            )
            in LONG
        )


def _break_out_of_a_responses_stream(served: Served) -> None:
    with (
        OpenAI(base_url=served.url("/openresponses/v1"), api_key="unused") as client,
        client.responses.create(**_RESPONSES) as stream,
    ):
        assert (
            next(event.delta for event in stream if event.type == "response.output_text.delta")
            in LONG
        )


def _leave_the_stream_helper(served: Served) -> None:
    with (
        OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client,
        client.responses.stream(model="gpt-5", input="Hi") as stream,
    ):
        assert (
            next(event.delta for event in stream if event.type == "response.output_text.delta")
            in LONG
        )


def _break_out_of_an_anthropic_stream(served: Served) -> None:
    with (
        Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client,
        client.messages.create(**_ANTHROPIC, stream=True) as stream,
    ):
        assert (
            next(event.delta.text for event in stream if event.type == "content_block_delta")
            in LONG
        )


def _leave_the_anthropic_stream_helper(served: Served) -> None:
    with (
        Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client,
        client.messages.stream(**_ANTHROPIC) as stream,
    ):
        assert next(stream.text_stream) in LONG


def _close_the_client(served: Served) -> None:
    client = OpenAI(base_url=served.url("/openai/v1"), api_key="unused")
    stream = client.chat.completions.create(**_CHAT)
    next(stream)
    client.close()


def _cancel_the_task(served: Served) -> None:
    async def read_and_be_cancelled() -> None:
        async with AsyncOpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client:
            begun = asyncio.Event()

            async def read() -> None:
                async for _ in await client.chat.completions.create(**_CHAT):
                    begun.set()

            task = asyncio.create_task(read())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(read_and_be_cancelled())


def _reset_the_connection(served: Served) -> None:
    address = urlsplit(served.server.origin)
    body = b'{"model": "gpt-5", "input": "Hi", "stream": true}'
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/responses HTTP/1.1\r\nHost: llmsim\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


_CHAT: dict[str, Any] = {"model": "gpt-5", "messages": MESSAGES, "stream": True}
_RESPONSES: dict[str, Any] = {"model": "gpt-5", "input": "Hi", "stream": True}
_ANTHROPIC: dict[str, Any] = {"model": CLAUDE, "max_tokens": 99, "messages": MESSAGES}

LEAVING = [
    _break_out_of_a_chat_stream,
    _break_out_of_a_responses_stream,
    _leave_the_stream_helper,
    _break_out_of_an_anthropic_stream,
    _leave_the_anthropic_stream_helper,
    _close_the_client,
    _cancel_the_task,
    _reset_the_connection,
]


@pytest.mark.parametrize("served", ["gevent", "gthread", "sync"], indirect=True, scope="module")
@pytest.mark.parametrize("leave", LEAVING, ids=lambda leave: leave.__name__.strip("_"))
def test_the_next_request_gets_the_next_position_whole_after(
    leave: Callable[[Served], None], served: Served, start: int
) -> None:
    for lap in range(2):
        leave(served)
        with OpenAI(base_url=served.url("/openai/v1"), api_key="unused", max_retries=0) as client:
            raw = client.chat.completions.with_raw_response.create(model="gpt-5", messages=MESSAGES)
            assert raw.headers["x-llmsim-position"] == str(start + 2 * lap + 1)
            assert raw.parse().choices[0].message.content == LONG
    served.assert_unharmed()
