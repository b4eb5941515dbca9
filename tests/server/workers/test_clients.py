"""The official clients send heads that repeat, so they are read once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anthropic
import openai
import pytest

from tests.requests import MESSAGES
from tests.running import PATIENCE
from tests.server.workers.pair import WORKERS, facts, served

ASKED = 6


def ask_openai(origin: str) -> None:
    client = openai.OpenAI(base_url=f"{origin}/v1", api_key="k", timeout=PATIENCE)
    for number in range(ASKED):
        messages = [*MESSAGES, {"role": "user", "content": "x" * number}]
        client.chat.completions.with_raw_response.create(model="m", messages=messages)  # type: ignore[arg-type]


def ask_anthropic(origin: str) -> None:
    client = anthropic.Anthropic(base_url=origin, api_key="k", timeout=PATIENCE)
    for number in range(ASKED):
        content = "x" * number
        client.messages.with_raw_response.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": content}]
        )


@pytest.mark.parametrize("ask", [ask_openai, ask_anthropic])
def test_the_heads_of_an_official_client_are_remembered(
    tmp_path: Path, ask: Callable[[str], None]
) -> None:
    with served(tmp_path, WORKERS["fast"]) as server:
        ask(server.origin)
        assert facts(server)["again"] == ASKED - 2
