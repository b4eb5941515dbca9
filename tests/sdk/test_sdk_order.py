"""Ids and headers prove the order to a client, one after the other and all at once."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic import RateLimitError as AnthropicRateLimitError
from openai import AsyncOpenAI, OpenAI, RateLimitError

from tests.sdk.scripted import CLAUDE, TOOL_LOOP, Served

TURNS = TOOL_LOOP
ROUTES = [
    ("chat", "/openai/v1"),
    ("chat", "/v1"),
    ("responses", "/openai/v1"),
    ("responses", "/v1"),
    ("responses", "/openresponses/v1"),
]
ROUTES += [("anthropic", "/anthropic"), ("anthropic", "")]
LIMITED = (RateLimitError, AnthropicRateLimitError)
REQUEST: dict[str, dict[str, Any]] = {
    "chat": {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "gpt-5", "input": "Hi"},
    "anthropic": {
        "model": CLAUDE,
        "max_tokens": 99,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}
ID = {
    "chat": "chatcmpl-llmsim-{}-{}",
    "responses": "resp_llmsim_{}_{}",
    "anthropic": "msg_llmsim_{}_{}",
}


def _resource(client: Any, api: str) -> Any:
    resource = {
        "chat": lambda: client.chat.completions,
        "responses": lambda: client.responses,
        "anthropic": lambda: client.messages,
    }[api]()
    return resource.with_raw_response


def _ids(parsed: Any, api: str, stream: bool) -> set[str]:
    if not stream:
        return {parsed.id}
    if api == "chat":
        return {chunk.id for chunk in parsed}
    if api == "anthropic":
        return {event.message.id for event in parsed if event.type == "message_start"}
    return {event.response.id for event in parsed if hasattr(event, "response")}


@pytest.mark.parametrize(("api", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_positions_count_up_and_ids_carry_generation_and_position(
    api: str, base: str, stream: bool, served: Served, start: int
) -> None:
    proofs, ids = [], []
    with (Anthropic if api == "anthropic" else OpenAI)(
        base_url=served.url(base), api_key="unused", max_retries=0
    ) as client:
        for turn in range(2 * len(TURNS)):
            try:
                raw = _resource(client, api).create(**REQUEST[api], stream=stream)
                ids.append((start + turn, _ids(raw.parse(), api, stream)))
                headers = raw.headers
            except LIMITED as error:
                headers = error.response.headers
            proofs.append(headers)
    assert [headers["x-llmsim-position"] for headers in proofs] == [
        str(start + turn) for turn in range(8)
    ]
    assert [headers["x-llmsim-turn"] for headers in proofs] == list("01230123")
    workers = {headers["x-llmsim-worker"].rpartition(":")[2] for headers in proofs}
    assert workers <= {str(pid) for pid in served.server.worker_pids()}
    (generation,) = {headers["x-llmsim-generation"] for headers in proofs}
    assert ids == [
        (position, {ID[api].format(generation, position)})
        for position in range(start, start + 8)
        if position % 4 != 1
    ]


async def _all_at_once(served: Served, count: int) -> list[Any]:
    async def one(clients: dict[str, Any], number: int) -> Any:
        api = ("chat", "responses", "anthropic")[number % 3]
        stream = number % 2 == 0
        try:
            raw = await _resource(clients[api], api).create(**REQUEST[api], stream=stream)
        except LIMITED as error:
            return error.response.headers
        if stream:
            parsed = raw.parse()
            async for _ in await parsed if inspect.isawaitable(parsed) else parsed:
                pass
        return raw.headers

    options: dict[str, Any] = {"api_key": "unused", "max_retries": 0}
    async with (
        AsyncOpenAI(base_url=served.url("/openai/v1"), **options) as client,
        AsyncAnthropic(base_url=served.url("/anthropic"), **options) as anthropic_client,
    ):
        clients = {"chat": client, "responses": client, "anthropic": anthropic_client}
        return await asyncio.gather(*(one(clients, number) for number in range(count)))


def test_requests_made_at_once_over_two_families_get_each_position_once(
    served: Served, start: int
) -> None:
    headers = asyncio.run(_all_at_once(served, 80))
    taken = sorted(
        (int(found["x-llmsim-position"]), int(found["x-llmsim-turn"])) for found in headers
    )
    assert taken == [(start + number, number % len(TURNS)) for number in range(80)]
    assert len({found["x-llmsim-worker"] for found in headers}) > 1
