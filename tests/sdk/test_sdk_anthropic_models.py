"""What the anthropic SDK may ask for before it generates: models and token counts.

Neither takes a turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic, BadRequestError

from tests.narrowing import present
from tests.running import text
from tests.sdk.scripted import CLAUDE, Served

NAMES = ["gpt-5", "gpt-5-mini", "claude-sonnet-5", "llmsim"]
SHORT: list[Any] = [{"role": "user", "content": "Hi"}]
LONG: list[Any] = [
    *SHORT,
    {
        "role": "assistant",
        "content": [
            {"type": "tool_use", "id": "call_1", "name": "read_file", "input": {"path": "a.txt"}}
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "one two three"}],
    },
]
TOOLS: list[Any] = [
    {
        "name": "read_file",
        "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
    }
]


@pytest.mark.parametrize("base", ["/anthropic", ""])
def test_models_are_listed_and_found_by_name_and_take_no_turn(
    base: str, play: Callable[..., Served]
) -> None:
    served = play(text("Hi"))
    with Anthropic(base_url=served.url(base), api_key="unused") as client:
        listed = list(client.models.list())
        assert [(model.id, model.type, model.display_name) for model in listed] == [
            (name, "model", name) for name in NAMES
        ]
        assert [client.models.retrieve(name) for name in NAMES] == listed
        assert {model.created_at.year for model in listed} == {2025}
        assert client.models.retrieve("claude-unlisted/9").id == "claude-unlisted/9"
    assert served.position() == 0


def test_the_sdk_pages_through_the_models_forwards_and_backwards(
    play: Callable[..., Served],
) -> None:
    served = play(text("Hi"))
    with Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
        for limit in (1, 2, 3, 4):
            assert [model.id for model in client.models.list(limit=limit)] == NAMES
        assert len(list(client.models.list(limit=3).iter_pages())) == 2
        before = client.models.list(limit=2, before_id=NAMES[-1])
        assert [[model.id for model in page.data] for page in before.iter_pages()] == [
            NAMES[1:3],
            NAMES[:1],
        ]
        with pytest.raises(BadRequestError) as refused:
            client.models.list(after_id="claude-unknown")
    assert "claude-unknown" in present(refused.value.api_message)
    assert served.position() == 0


@pytest.mark.parametrize("base", ["/anthropic", ""])
def test_tokens_are_counted_as_the_answer_counts_them_and_take_no_turn(
    base: str, play: Callable[..., Served]
) -> None:
    served = play(text("Hi"), text("Hi"))
    requests: list[dict[str, Any]] = [
        {"messages": SHORT},
        {"messages": LONG, "tools": TOOLS, "system": "Be brief."},
    ]
    with Anthropic(base_url=served.url(base), api_key="unused") as client:
        counted = [
            client.messages.count_tokens(model=CLAUDE, **request).input_tokens
            for request in requests
        ]
        assert served.position() == 0
        used = [
            client.messages.create(model=CLAUDE, max_tokens=9, **request).usage.input_tokens
            for request in requests
        ]
        with pytest.raises(BadRequestError) as refused:
            client.messages.count_tokens(model=CLAUDE, messages=[])
    assert counted == used
    assert 0 < counted[0] < counted[1]
    assert refused.value.type == "invalid_request_error"
    assert served.position() == 2


def test_the_async_client_lists_finds_and_counts_as_well(play: Callable[..., Served]) -> None:
    async def ask(served: Served) -> tuple[list[str], str, int]:
        async with AsyncAnthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
            listed = [model.id async for model in client.models.list()]
            counted = await client.messages.count_tokens(model=CLAUDE, messages=SHORT)
            return listed, (await client.models.retrieve("llmsim")).id, counted.input_tokens

    served = play(text("Hi"))
    listed, found, tokens = asyncio.run(ask(served))
    assert (listed, found, tokens > 0) == (NAMES, "llmsim", True)
    assert served.position() == 0
