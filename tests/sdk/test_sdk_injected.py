"""What the SDKs make of errors that take no turn."""

from __future__ import annotations

from collections.abc import Callable

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.running import PATIENCE, Server, numbered
from tests.sdk.scripted import CLAUDE, Served

ERROR = "X-LLMSim-Error"


def test_a_retry_gets_the_turn_that_the_injected_error_left(sessions: Server) -> None:
    served = Served(sessions, 3, "/s/rough")  # the draws follow from the name, too
    script = {"errors": {"server_error_rate": 0.5}, "seed": 3, "turns": numbered(3)}
    url = f"{sessions.origin}/llmsim/sessions/rough/script"
    retries = 0
    assert httpx.put(url, json=script, timeout=PATIENCE).status_code == 200
    with OpenAI(base_url=served.url("/openai/v1"), api_key="unused", max_retries=9) as client:
        for position in range(3):
            raw = client.responses.with_raw_response.create(model="gpt-5", input="Hi")
            assert raw.headers["X-LLMSim-Position"] == str(position)
            assert raw.parse().output_text == str(position)
            retries += raw.retries_taken
    assert retries > 0


def test_a_header_shows_the_exception_of_each_sdk(play: Callable[..., Served]) -> None:
    served = play(*numbered(1))
    with (
        OpenAI(base_url=served.url("/openai/v1"), api_key="unused") as client,
        pytest.raises(openai.RateLimitError) as refused,
    ):
        client.chat.completions.create(
            model="gpt-5",
            messages=[{"role": "user", "content": "Hi"}],
            extra_headers={ERROR: "rate_limit"},
        )
    assert refused.value.response.headers["X-LLMSim-Injected"] == "rate_limit"
    with (
        Anthropic(base_url=served.url("/anthropic"), api_key="unused", max_retries=0) as claude,
        pytest.raises(anthropic.InternalServerError) as failed,
    ):
        claude.messages.create(
            model=CLAUDE,
            max_tokens=9,
            messages=[{"role": "user", "content": "Hi"}],
            extra_headers={ERROR: "timeout"},
        )
    assert failed.value.status_code == 504
    with (
        OpenAI(base_url=served.url("/openai/v1"), api_key="unused", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.responses.create(
            model="gpt-5", input="Hi", extra_headers={ERROR: "connection_reset"}
        )
    assert served.position() == 0
