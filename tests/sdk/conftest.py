"""One server for each test module, which plays the module's `TURNS` in a loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.scripted import WORKERS, Served
from tests.serving import Server, write_script


@pytest.fixture(scope="session", autouse=True)
def _local_clients() -> Iterator[None]:
    """No client here may look for another server, or send traces."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
            patch.delenv(name, raising=False)
        patch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`request.param`, where a test sets it, is the worker class."""
    turns = request.module.TURNS
    directory = tmp_path_factory.mktemp("served")
    script = write_script(directory / "script.json", *turns, on_exhausted="loop")
    with Server(directory, script, LLMSIM_WORKERS=str(WORKERS), LLMSIM_WORKER_CLASS=getattr(request, "param", "gevent")) as server:
        yield (found := Served(server, len(turns)))
    found.assert_unharmed()


@pytest.fixture
def start(served: Served) -> int:
    """The position at which this test begins; the script's first turn is next."""
    return served.rewind()
