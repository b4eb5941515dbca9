"""Ids and headers prove the order to a client, one after the other and all at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI, RateLimitError

from tests.sdk.scripted import TOOL_LOOP, Served

TURNS = TOOL_LOOP
ROUTES = [("chat", "/openai/v1"), ("chat", "/v1"), ("responses", "/openai/v1"), ("responses", "/v1"), ("responses", "/openresponses/v1")]
REQUEST: dict[str, dict[str, Any]] = {
    "chat": {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "gpt-5", "input": "Hi"},
}


def _resource(client: Any, api: str) -> Any:
    return (client.chat.completions if api == "chat" else client.responses).with_raw_response


def _ids(parsed: Any, api: str, stream: bool) -> set[str]:
    if not stream:
        return {parsed.id}
    if api == "chat":
        return {chunk.id for chunk in parsed}
    return {event.response.id for event in parsed if hasattr(event, "response")}


@pytest.mark.parametrize(("api", "base"), ROUTES, ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_positions_count_up_and_ids_carry_generation_and_position(api: str, base: str, stream: bool, served: Served, start: int) -> None:
    proofs, ids = [], []
    with OpenAI(base_url=served.url(base), api_key="unused", max_retries=0) as client:
        for turn in range(2 * len(TURNS)):
            try:
                raw = _resource(client, api).create(**REQUEST[api], stream=stream)
                ids.append((start + turn, _ids(raw.parse(), api, stream)))
                headers = raw.headers
            except RateLimitError as error:
                headers = error.response.headers
            proofs.append(headers)
    assert [headers["x-llmsim-position"] for headers in proofs] == [str(start + turn) for turn in range(8)]
    assert [headers["x-llmsim-turn"] for headers in proofs] == list("01230123")
    workers = {headers["x-llmsim-worker"].rpartition(":")[2] for headers in proofs}
    assert workers <= {str(pid) for pid in served.server.worker_pids()}
    (generation,) = {headers["x-llmsim-generation"] for headers in proofs}
    form = f"chatcmpl-llmsim-{generation}-{{}}" if api == "chat" else f"resp_llmsim_{generation}_{{}}"
    assert ids == [(position, {form.format(position)}) for position in range(start, start + 8) if position % 4 != 1]


async def _all_at_once(served: Served, count: int) -> list[Any]:
    async def one(client: AsyncOpenAI, number: int) -> Any:
        api = ("chat", "responses")[number % 2]
        try:
            raw = await _resource(client, api).create(**REQUEST[api], stream=number % 3 == 0)
        except RateLimitError as error:
            return error.response.headers
        if number % 3 == 0:
            async for _ in raw.parse():
                pass
        return raw.headers

    async with AsyncOpenAI(base_url=served.url("/openai/v1"), api_key="unused", max_retries=0) as client:
        return await asyncio.gather(*(one(client, number) for number in range(count)))


def test_requests_made_at_once_get_each_position_once_from_several_workers(served: Served, start: int) -> None:
    headers = asyncio.run(_all_at_once(served, 80))
    taken = sorted((int(found["x-llmsim-position"]), int(found["x-llmsim-turn"])) for found in headers)
    assert taken == [(start + number, number % len(TURNS)) for number in range(80)]
    assert len({found["x-llmsim-worker"] for found in headers}) > 1
