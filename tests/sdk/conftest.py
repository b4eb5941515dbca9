"""One server for each test module, which plays the module's `TURNS` in a loop.

And one for all, with a session for each test that `play`s.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.running import PATIENCE, Server, write_script
from tests.sdk.scripted import WORKERS, Served


@pytest.fixture(scope="session", autouse=True)
def _local_clients() -> Iterator[None]:
    """No client here may look for another server, or send traces."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("OPENAI_", "ANTHROPIC_")) or name in (
                "LANGSMITH_TRACING",
                "LANGCHAIN_TRACING_V2",
            ):
                patch.delenv(name)
        patch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """`request.param`, where a test sets it, is the worker class."""
    turns = request.module.TURNS
    directory = tmp_path_factory.mktemp("served")
    script = write_script(directory / "script.json", *turns, on_exhausted="loop")
    with Server(
        directory,
        script,
        LLMSIM_WORKERS=str(WORKERS),
        LLMSIM_WORKER_CLASS=getattr(request, "param", "gevent"),
    ) as server:
        yield (found := Served(server, len(turns)))
        found.assert_unharmed()


@pytest.fixture
def start(served: Served) -> int:
    """The position at which this test begins; the script's first turn is next."""
    return served.rewind()


@pytest.fixture(scope="session")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server whose sessions the tests that `play` get."""
    with Server(tmp_path_factory.mktemp("sessions"), None, LLMSIM_WORKERS=str(WORKERS)) as server:
        yield server
        Served(server, 0).assert_unharmed()


@pytest.fixture
def play(sessions: Server) -> Callable[..., Served]:
    """A function that makes a session, which plays the given turns once from position 0.

    Any more is an error.
    """

    def make(*turns: dict[str, Any], on_exhausted: str = "error") -> Served:
        made = httpx.post(
            f"{sessions.origin}/llmsim/sessions",
            json={"script": {"on_exhausted": on_exhausted, "turns": turns}},
            timeout=PATIENCE,
        )
        assert made.status_code == 201, made.text
        return Served(sessions, len(turns), f"/s/{made.json()['name']}")

    return make
