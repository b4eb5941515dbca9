"""What the SDKs make of a rate limit: they wait as they are told, and then get their turn."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.running import PATIENCE, text
from tests.sdk.scripted import CLAUDE, Served

# The first answer leaves a debt of 40 seconds, at a hundred tokens a second.
COSTLY = text("first") | {"usage": {"prompt_tokens": 10_000, "completion_tokens": 0}}


def limited(play: Callable[..., Served], **limits: int) -> Served:
    served = play(text("unused"))
    put(served, {"limits": limits, "turns": [COSTLY]})
    return served


def put(served: Served, script: dict[str, Any]) -> None:
    name = served.origin.rpartition("/")[2]
    url = f"{served.server.origin}/llmsim/sessions/{name}/script"
    assert httpx.put(url, json=script, timeout=PATIENCE).status_code == 200


def ask(sdk: ModuleType, served: Served, **options: Any) -> str:
    if sdk is openai:
        with OpenAI(base_url=served.url("/openai/v1"), api_key="unused", **options) as client:
            return client.responses.create(model="gpt-5", input="Hi").output_text
    with Anthropic(base_url=served.url("/anthropic"), api_key="unused", **options) as claude:
        message = claude.messages.create(
            model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
        )
        assert message.content[0].type == "text"
        return message.content[0].text


@pytest.mark.parametrize("sdk", [openai, anthropic], ids=lambda sdk: sdk.__name__)
def test_the_sdk_waits_as_it_is_told_and_its_first_retry_gets_the_turn(
    play: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, sdk: ModuleType
) -> None:
    waits: list[float] = []

    def pass_time(seconds: float) -> None:
        waits.append(seconds)
        put(served, {"turns": [text("second")]})

    monkeypatch.setattr(sdk._base_client.time, "sleep", pass_time)
    served = limited(play, tokens_per_minute=6000)
    assert [ask(sdk, served), ask(sdk, served)] == ["first", "second"]
    (wait,) = waits
    assert 8 < wait < 41  # by their own rule they never wait longer than 8


def test_the_exceptions_of_the_sdks_carry_what_is_left(play: Callable[..., Served]) -> None:
    served = limited(play, requests_per_minute=1)
    ask(openai, served)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(openai, served, max_retries=0)
    assert refused.value.code == "rate_limit_exceeded"
    assert refused.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    with pytest.raises(anthropic.RateLimitError) as limited_too:
        ask(anthropic, served, max_retries=0)
    headers = limited_too.value.response.headers
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert 0 < int(headers["retry-after"]) <= 60
