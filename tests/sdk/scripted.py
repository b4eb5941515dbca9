"""What the servers here play, and a look at them from outside."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tests.running import Server, text

WORKERS = 3

CLAUDE = "claude-sonnet-5"

RATE_LIMIT: dict[str, Any] = {"type": "error", "kind": "rate_limit"}
OVERLOADED: dict[str, Any] = {
    "type": "error",
    "kind": "other",
    "message": "Overloaded",
    "status_code": 529,
}

READ_A = {"path": "a.txt"}
READ_B = {"path": 'sub dir/ü "b".txt'}
WRITE = {"path": "c.txt", "lines": ["ä\u2028\U0001f642", "\\n\n", ""]}

# A tool loop with a 429 on the way: an SDK with its default retries asks three times and takes all
# four turns.
TOOL_LOOP: list[dict[str, Any]] = [
    {"type": "tool_calls", "calls": [{"name": "read_file", "arguments": READ_A}]},
    RATE_LIMIT,
    {
        "type": "mixed",
        "text": "Two at once: Grüße \U0001f642\u2028.",
        "calls": [
            {"name": "read_file", "arguments": READ_B},
            {"name": "write_file", "arguments": WRITE},
        ],
    },
    text("All done."),
]
# With a 529 as well: an SDK still asks three times, and takes all five.
ROUGH_TOOL_LOOP = [*TOOL_LOOP[:3], OVERLOADED, TOOL_LOOP[3]]


class Served:
    """A server, or below `prefix` a session of one. Where the script loops tests can share it.

    Each begins where a lap begins.
    """

    def __init__(self, server: Server, turns: int, prefix: str = "") -> None:
        self.server = server
        self.turns = turns
        self.origin = server.origin + prefix

    def url(self, base: str) -> str:
        """What a client takes as its base URL, for `base` as in `/openai/v1`."""
        return self.origin + base

    def position(self) -> int:
        """The next position."""
        with urllib.request.urlopen(f"{self.origin}/health", timeout=60) as answer:
            return int(json.load(answer)["position"])

    def rewind(self) -> int:
        """Take turns until the next one is the script's first; returns its position."""
        while (position := self.position()) % self.turns:
            self.take()
        return position

    def take(self) -> None:
        """Take one turn, whatever it is."""
        body = b'{"model": "m", "input": "x"}'
        try:
            urllib.request.urlopen(
                urllib.request.Request(self.url("/v1/responses"), body), timeout=60
            ).close()
        except urllib.error.HTTPError as error:
            error.close()

    def assert_unharmed(self) -> None:
        """Nothing went wrong inside, and the workers are those of the start."""
        log = self.server.log()
        assert "Traceback" not in log, log
        assert "[ERROR]" not in log, log
        assert log.count("Booting worker") <= WORKERS, log  # a late one may still be booting
