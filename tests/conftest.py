"""What all tests share: a skip fails where CI runs, and an application over a store of its own."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.app import create_app, create_served_app
from llmsim.json_text import parse
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.serving.recorded import READINGS
from llmsim.settings import Settings
from llmsim.store.base import Store
from llmsim.store.mmap_store import MmapStore
from tests.redis_server import RedisServer

_TESTS = Path(__file__).parent

# Until the tests begin: half of the time that it takes to collect them would go into looking for
# garbage in what is imported.
gc.disable()

# No test speaks TLS. Without this each client of httpx reads all certificates, for 25 ms.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = os.devnull

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would whatever they
# start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MakeClient = Callable[..., FlaskClient]
Application = Callable[[Settings], Flask]
MakeStore = Callable[..., Store]

SLOW_FOLDERS = ("benchmarks", "browser", "deployed", "examples", "sdk", "server", "stress")
"""Their tests start processes. Elsewhere a test that does so, or takes seconds, says `slow`."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests their folders are not even read: agents' packages import slowly."""
    unread = config.option.markexpr == "not slow" and collection_path.parent == _TESTS
    return True if unread and collection_path.name in SLOW_FOLDERS else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is slow, and what shares a server: that runs in one process, one by one."""
    for item in items:
        shared = _fixtures_of_the_module(item)
        if shared:
            # Behind a "]" xdist sees no group.
            group = f"{item.path} {shared}".replace("]", ")")
            item.add_marker(pytest.mark.xdist_group(group))
        if shared or item.path.relative_to(_TESTS).parts[0] in SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What was imported stays. Nobody looks for garbage in it, from here on either."""
    gc.freeze()
    gc.enable()


def _fixtures_of_the_module(item: pytest.Item) -> list[str]:
    """Fixtures that are made once for a module (all of them are servers), and their parameters."""
    assert isinstance(item, pytest.Function)
    made = item._fixtureinfo.name2fixturedefs
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return [f"{name}={parameters.get(name)}" for name in made if made[name][-1].scope == "module"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure: something that it needs was not installed."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the tests of a file nothing that requests share may be changed."""
    if nextitem is None or nextitem.path != item.path:
        for reading in READINGS:
            assert reading.fields == parse(reading.body.bytes), "a test of this file has changed it"


APPLICATIONS = {"served": cache(create_served_app), "flask": cache(create_app)}
"""As a server runs it, and as Flask alone does. Both answer alike.

One for each settings: it holds nothing else, and to make one takes longer than most tests do.
"""


ON_BOTH_ENGINES = ("control", "delivery", "journal", "metrics", "playback", "serving", "verdict")
"""Folders. What a session is does not hang on where its cursor is kept."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tests of the routes ask both applications, those of sessions play on both engines.

    All others ask the first of each. A test that wants `tmp_path`, also by `usefixtures`, is about
    files. A Redis is a process: what plays on it is slow.
    """
    folder = metafunc.definition.path.relative_to(_TESTS).parts[0]
    wanted = metafunc.fixturenames
    names = [name for name in ("application", "engine") if name in wanted]
    ways = [{"application": "served", "engine": "mmap"}]
    if "application" in wanted and folder == "serving":
        ways.append({"application": "flask", "engine": "mmap"})
    if "engine" in wanted and "tmp_path" not in wanted and folder in ON_BOTH_ENGINES:
        ways.append({"application": "served", "engine": "redis"})
    if len(ways) > 1:
        values = [
            pytest.param(
                *(way[name] for name in names),
                marks=[pytest.mark.slow] if way["engine"] == "redis" else [],
            )
            for way in ways
        ]
        metafunc.parametrize(names, values, indirect=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis for all tests of this process, each of which has a prefix of its own."""
    # Short: the path of a socket has at most 107 characters.
    with TemporaryDirectory(prefix="redis-") as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
def application(request: pytest.FixtureRequest) -> Application:
    """What makes the application: `create_app` or `create_served_app`."""
    return APPLICATIONS[getattr(request, "param", "served")]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Which engine keeps the state."""
    return str(getattr(request, "param", "mmap"))


@pytest.fixture
def make_store(request: pytest.FixtureRequest, engine: str) -> MakeStore:
    """Stores of that engine, each of its own; those of one name share their state, as hosts do.

    The first is at `tmp_path`, where it has files, and its name is empty.
    """
    find: Callable[[str], Any] = request.getfixturevalue
    numbers = count()

    def make(max_sessions: int = 100, name: str | None = None, journal_bytes: int = 2**28) -> Store:
        name = str(next(numbers) or "") if name is None else name
        if engine == "redis":
            server: RedisServer = find("redis_server")
            return server.store(f"{request.node.nodeid} {name}", max_sessions, journal_bytes)
        directory = find("tmp_path") / name
        directory.mkdir(exist_ok=True)
        return MmapStore.create_in(directory, max_sessions, journal_bytes)

    return make


@pytest.fixture
def make_client(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch, application: Application
) -> MakeClient:
    """A test client that plays the given turns from a store of its own; the first at `tmp_path`.

    Settings are keyword arguments.
    """

    def make(
        *turns: dict[str, Any], on_exhausted: str = "repeat_last", **settings: Any
    ) -> FlaskClient:
        played = Playback(make_store(settings.get("max_sessions", 100)))
        played.publish(Script.from_spec({"on_exhausted": on_exhausted, "turns": list(turns)}))
        monkeypatch.setattr(shared, "_shared", played)
        return application(Settings(**settings)).test_client()

    return make
