"""Counts are right on every worker class, by a tokenizer that was loaded before the fork."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.requests import CHAT
from tests.running import PATIENCE, Server, text, write_script
from tests.tokens import texts

FRAMING = 7  # tokens: of the message, and of the reply


@pytest.mark.slow
@pytest.mark.parametrize("preload", ["true", "false"])
@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_long_prompts_at_once_are_counted_exactly(
    tmp_path: Path, worker_class: str, preload: str
) -> None:
    script = write_script(tmp_path / "script.json", text("Hello"))
    prompts = [texts.LONG[kind] for kind in ("a", "prose", "chinese", "base64")] * 4
    with Server(
        tmp_path, script, LLMSIM_WORKER_CLASS=worker_class, LLMSIM_PRELOAD=preload
    ) as server:

        def asked(prompt: str) -> int:
            message = {"role": "user", "content": prompt}
            answer = httpx.post(
                server.origin + CHAT,
                json={"model": "m", "messages": [message]},
                timeout=PATIENCE,
            )
            return int(answer.raise_for_status().json()["usage"]["prompt_tokens"])

        with ThreadPoolExecutor(8) as clients:
            counted = list(clients.map(asked, prompts))
    assert counted == [FRAMING + len(texts.expected(prompt)) for prompt in prompts]
