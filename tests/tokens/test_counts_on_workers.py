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
@pytest.mark.parametrize(
    ("worker_class", "preload"),
    [("gevent", "true"), ("gevent", "false"), ("gthread", "false"), ("sync", "true")],
)
def test_long_prompts_at_once_are_counted_exactly(
    tmp_path: Path, worker_class: str, preload: str
) -> None:
    script = write_script(tmp_path / "script.json", text("Hello"))
    kinds = ("a", "prose", "chinese", "base64") * 2
    with Server(
        tmp_path, script, LLMSIM_WORKER_CLASS=worker_class, LLMSIM_PRELOAD=preload
    ) as server:

        def asked(kind: str) -> int:
            message = {"role": "user", "content": texts.LONG[kind]}
            answer = httpx.post(
                server.origin + CHAT,
                json={"model": "m", "messages": [message]},
                timeout=PATIENCE,
            )
            return int(answer.raise_for_status().json()["usage"]["prompt_tokens"])

        with ThreadPoolExecutor(8) as clients:
            counted = list(clients.map(asked, kinds))
    expected = {kind: FRAMING + len(texts.expected(texts.LONG[kind])) for kind in kinds}
    assert counted == [expected[kind] for kind in kinds]
