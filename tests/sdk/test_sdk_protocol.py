"""What the real API would refuse is the official SDKs' BadRequestError, with all that it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.apis.protocol_cases import CASES, Case
from tests.running import PATIENCE, text
from tests.sdk.scripted import Served

# The types of openresponses are its specification's own.
OPENAI_BASES = {
    "chat": ("/openai/v1", "invalid_request_error"),
    "responses": ("/openai/v1", "invalid_request_error"),
    "openresponses": ("/openresponses/v1", "invalid_request"),
}


def cases_of(api: str) -> list[Case]:
    """Those whose ids need not be of this session."""
    return [case for case in CASES[api] if case.rule != "item_without_reasoning"]


def entries(served: Served) -> list[dict[str, Any]]:
    name = served.origin.rpartition("/")[2]
    url = f"{served.server.origin}/llmsim/sessions/{name}/requests?limit=1000"
    found: list[dict[str, Any]] = httpx.get(url, timeout=PATIENCE).json()["entries"]
    return found


def create(api: str, client: Any) -> Callable[..., Any]:
    """What asks the API."""
    if api == "anthropic":
        return client.messages.create  # type: ignore[no-any-return]
    return client.chat.completions.create if api == "chat" else client.responses.create  # type: ignore[no-any-return]


@pytest.mark.parametrize("api", OPENAI_BASES)
def test_the_openai_sdk_raises_what_it_raises_for_the_real_api(
    api: str, play: Callable[..., Served]
) -> None:
    served = play(text("a"))
    base, error_type = OPENAI_BASES[api]
    with openai.OpenAI(base_url=served.url(base), api_key="unused") as client:
        for case in cases_of(api):
            for stream in (False, True):
                with pytest.raises(openai.BadRequestError) as raised:
                    create(api, client)(**case.refused, stream=stream)
                error, absent = raised.value, "" if api == "openresponses" else None
                assert case.message in error.message, case
                assert error.param == (case.param or absent), case
                assert error.type == error_type
                assert error.code == (case.code or (absent if absent is None else error_type))
    asked = entries(served)
    assert len(asked) == 2 * len(cases_of(api))  # none was asked again
    assert served.position() == 0


def test_the_anthropic_sdk_raises_what_it_raises_for_the_real_api(
    play: Callable[..., Served],
) -> None:
    served = play(text("a"))
    with anthropic.Anthropic(base_url=served.url("/anthropic"), api_key="unused") as client:
        for case in cases_of("anthropic"):
            for stream in (False, True):
                fields = {**case.refused}
                beta = {name: fields.pop(name) for name in ("thread",) if name in fields}
                with pytest.raises(anthropic.BadRequestError) as raised:
                    create("anthropic", client)(**fields, extra_body=beta, stream=stream)
                body: Any = raised.value.body
                assert body["error"] == {"type": "invalid_request_error", "message": case.message}
    assert len(entries(served)) == 2 * len(cases_of("anthropic"))
    assert served.position() == 0


def test_the_async_clients_and_the_stream_helpers_raise_it_too(
    play: Callable[..., Served],
) -> None:
    served = play(text("a"))

    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=served.url("/openai/v1"), api_key="unused") as one:
            for api in ("chat", "responses"):
                with pytest.raises(openai.BadRequestError):
                    await create(api, one)(**CASES[api][0].refused)
            with pytest.raises(openai.BadRequestError):
                async with one.responses.stream(**CASES["responses"][0].refused) as stream:
                    await stream.get_final_response()
        async with anthropic.AsyncAnthropic(
            base_url=served.url("/anthropic"), api_key="unused"
        ) as other:
            with pytest.raises(anthropic.BadRequestError):
                async with other.messages.stream(**CASES["anthropic"][0].refused):
                    pass

    asyncio.run(ask())
    assert served.position() == 0


def test_a_client_goes_on_with_the_corrected_request(play: Callable[..., Served]) -> None:
    served = play(text("Hello"))
    case = CASES["chat"][0]
    with openai.OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**case.refused)
        said = client.chat.completions.create(**case.taken)
    assert said.choices[0].message.content == "Hello"
    assert served.position() == 1
