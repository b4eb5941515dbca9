"""The control API as a test uses it, from whichever worker answers.

Every call comes over a connection of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from tests.running import PATIENCE
from tests.stress.named_scripts import named


class Rewound(NamedTuple):
    """A call that began a generation.

    When it began and had its answer, as in `Taken`, the generation, and the name of the script that
    it plays.
    """

    began: int
    ended: int
    generation: int
    script: str


class Control:
    """Calls that must succeed. Scripts are `named` ones of `turns` turns."""

    def __init__(self, origin: str, turns: int, on_exhausted: str = "loop") -> None:
        self._turns, self._on_exhausted = turns, on_exhausted
        self._client = httpx.Client(
            base_url=f"{origin}/llmsim",
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=PATIENCE,
        )

    def create(self, session: str, script: str) -> None:
        """Make a session with a script of its own."""
        self._call(
            "POST", "/sessions", {"name": session, "script": self._script(script)}, expected=(201,)
        )

    def create_or_find(self, session: str, script: str) -> None:
        """As `create`, for a session whose clients go on asking.

        One of their requests may have made it first.
        """
        self._call(
            "POST",
            "/sessions",
            {"name": session, "script": self._script(script)},
            expected=(201, 409),
        )

    def put_script(self, session: str, script: str) -> Rewound:
        """Give a session another script."""
        return self._rewound("PUT", f"/sessions/{session}/script", script, self._script(script))

    def reset(self, session: str, script: str) -> Rewound:
        """Rewind a session, which plays the script of that name."""
        return self._rewound("POST", f"/sessions/{session}/reset", script)

    def delete(self, session: str) -> None:
        """Forget a session."""
        self._call("DELETE", f"/sessions/{session}", expected=(204,))

    def generation(self, session: str) -> int:
        """The generation of a session."""
        return int(self._call("GET", f"/sessions/{session}").json()["generation"], 16)

    def journal(self, session: str) -> list[dict[str, Any]]:
        """All entries of the session's generation."""
        return [
            json.loads(line)
            for line in self._call("GET", f"/sessions/{session}/requests.jsonl").text.splitlines()
        ]

    def close(self) -> None:
        self._client.close()

    def _rewound(
        self, method: str, path: str, script: str, body: dict[str, Any] | None = None
    ) -> Rewound:
        began = time.monotonic_ns()
        found = self._call(method, path, body).json()
        assert found["position"] == 0
        return Rewound(began, time.monotonic_ns(), int(found["generation"], 16), script)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> httpx.Response:
        response = self._client.request(method, path, json=body)
        assert response.status_code in expected, (
            f"{method} {path}: {response.status_code}: {response.text}"
        )
        return response

    def _script(self, name: str) -> dict[str, Any]:
        return {"on_exhausted": self._on_exhausted, "turns": named(name, self._turns)}


@contextmanager
def control_of(origin: str, turns: int, on_exhausted: str = "loop") -> Iterator[Control]:
    """The control API of the server at `origin`."""
    control = Control(origin, turns, on_exhausted)
    try:
        yield control
    finally:
        control.close()
