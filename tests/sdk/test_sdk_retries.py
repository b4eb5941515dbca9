"""The openai SDK retries by itself: each try is a request, and takes a turn."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.running import text
from tests.sdk.scripted import CLAUDE, RATE_LIMIT, Served

RETRIED = [
    RATE_LIMIT,
    {"type": "error", "kind": "timeout"},
    {"type": "error", "kind": "other", "message": "m"},
    {"type": "error", "kind": "other", "message": "m", "status_code": 409},
]
NOT_RETRIED = [
    {"type": "error", "kind": "invalid_request", "message": "m"},
    {"type": "error", "kind": "other", "message": "m", "status_code": 418},
]
TURNS = [
    *(turn for failing in RETRIED for turn in (failing, text("after"))),
    *NOT_RETRIED,
    RATE_LIMIT,
    RATE_LIMIT,
    RATE_LIMIT,
    text("too late"),
]


def _ask(client: OpenAI) -> Any:
    return client.chat.completions.with_raw_response.create(
        model="gpt-5", messages=[{"role": "user", "content": "Hi"}]
    )


def test_the_sdk_gets_past_one_failure_but_not_past_a_bad_request_or_three_429s(
    served: Served, start: int
) -> None:
    position = start
    with OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client:
        for _ in RETRIED:
            raw = _ask(client)
            assert (raw.headers["x-llmsim-position"], raw.retries_taken) == (str(position + 1), 1)
            assert raw.parse().choices[0].message.content == "after"
            position += 2
        for _ in NOT_RETRIED:
            with pytest.raises(openai.APIStatusError) as refused:
                _ask(client)
            assert refused.value.response.headers["x-llmsim-position"] == str(position)
            position += 1
        with pytest.raises(openai.RateLimitError) as limited:
            _ask(client)
    assert limited.value.response.headers["x-llmsim-position"] == str(position + 2)
    assert served.position() == position + 3


@pytest.mark.parametrize("sdk", [openai, anthropic], ids=lambda sdk: sdk.__name__)
def test_the_sdks_do_not_wait_after_a_429_that_says_0(
    play: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, sdk: ModuleType
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(sdk._base_client.time, "sleep", waits.append)
    served = play(RATE_LIMIT, RATE_LIMIT, text("after"))
    if sdk is openai:
        with OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client:
            assert _ask(client).parse().choices[0].message.content == "after"
    else:
        with Anthropic(base_url=served.url("/anthropic"), api_key="unused") as claude:
            claude.messages.create(
                model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
            )
    assert waits == [0.001, 0.001]
    assert served.position() == 3
