"""One deployed agent behind one base URL, whose users want different things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.deployed.service import Load, Way, statuses
from tests.stress.servers import stressed_server

USERS = 150
WISHES = ("buy", "refund", "complain")


def turns(wish: str) -> list[dict[str, Any]]:
    step = {"name": "step", "arguments": {"n": WISHES.index(wish)}}
    return [
        {"type": "tool_calls", "calls": [step]},
        {"type": "error", "kind": "rate_limit"},
        {"type": "assistant", "text": f"{wish}: first answer"},
        {"type": "assistant", "text": f"{wish}: last answer"},
    ]


def wish_of(user: int) -> str:
    return WISHES[user % 3]


def questions(user: int) -> Sequence[str]:
    return f"I want to {wish_of(user)}.", "And then?"


def test_conversations_play_each_the_script_that_its_first_message_asks_for(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for wish in WISHES:
        spec = {
            "order": "history",
            "on_exhausted": "error",
            "when": {"first_contains": wish},
            "turns": turns(wish),
        }
        (folder / f"{wish}.json").write_text(json.dumps(spec), "utf-8")
    with stressed_server(tmp_path, folder, "gevent", LLMSIM_KEEPALIVE="60") as server:
        heard = Load([server.origin], USERS, questions).run(Way("chat", False))
        counted = statuses(server.origin)
    assert [user.said for user in heard] == [
        [number % 3, f"{wish_of(number)}: first answer", f"{wish_of(number)}: last answer"]
        for number in range(USERS)
    ]
    assert counted == {200: 3 * USERS, 429: USERS}
