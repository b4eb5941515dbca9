"""The models routes, as the openai SDK reads them."""

from __future__ import annotations

import asyncio

import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI

from tests.running import text
from tests.sdk.scripted import Served

TURNS = [text("Hi")]
NAMES = ["gpt-5", "gpt-5-mini", "claude-sonnet-5", "llmsim"]


@pytest.mark.parametrize("base", ["/openai/v1", "/v1", "/openresponses/v1"])
def test_models_are_listed_and_found_by_name_and_take_no_turn(base: str, served: Served) -> None:
    before = served.position()
    with OpenAI(base_url=served.url(base), api_key="unused") as client:
        listed = list(client.models.list())
        assert [model.id for model in listed] == NAMES
        assert [client.models.retrieve(name) for name in NAMES] == listed
        assert client.models.retrieve("gpt-6/unlisted").id == "gpt-6/unlisted"
    assert {(model.object, model.owned_by) for model in listed} == {("model", "llmsim")}
    assert served.position() == before


def test_the_async_client_lists_and_finds_models_as_well(served: Served) -> None:
    async def both() -> tuple[list[str], str]:
        async with AsyncOpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client:
            listed = [model.id async for model in client.models.list()]
            return listed, (await client.models.retrieve("gpt-5")).id

    assert asyncio.run(both()) == (NAMES, "gpt-5")


def test_an_unknown_route_is_a_not_found_error(served: Served) -> None:
    before = served.position()
    with (
        OpenAI(base_url=served.url("/openai/v2"), api_key="unused") as client,
        pytest.raises(NotFoundError) as raised,
    ):
        client.responses.create(model="gpt-5", input="Hi")
    assert raised.value.type == "invalid_request_error"
    assert served.position() == before
