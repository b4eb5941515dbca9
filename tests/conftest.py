"""What all tests share: a skip fails where CI runs, and an application over a store of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from functools import lru_cache
from itertools import chain, count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.app import create_app, create_served_app
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.settings import Settings
from llmsim.store.mmap_store import MmapStore

_TESTS = Path(__file__).parent

MakeClient = Callable[..., FlaskClient]
Application = Callable[[Settings], Flask]

SLOW_FOLDERS = ("benchmarks", "deployed", "sdk", "server", "stress")
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
            item.add_marker(pytest.mark.xdist_group(f"{item.path} {shared}"))
        if shared or item.path.relative_to(_TESTS).parts[0] in SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)


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


APPLICATIONS = {"served": lru_cache(create_served_app), "flask": lru_cache(create_app)}
"""As a server runs it, and as Flask alone does. Both answer alike.

One for each settings: it holds nothing else, and to make one takes longer than most tests do.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tests of the routes ask both applications; all others ask the first."""
    folder = metafunc.definition.path.relative_to(_TESTS).parts[0]
    if "application" in metafunc.fixturenames and folder == "serving":
        metafunc.parametrize("application", APPLICATIONS, indirect=True)


@pytest.fixture
def application(request: pytest.FixtureRequest) -> Application:
    """What makes the application: `create_app` or `create_served_app`."""
    return APPLICATIONS[getattr(request, "param", "served")]


@pytest.fixture
def make_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, application: Application
) -> MakeClient:
    """A test client that plays the given turns from a store of its own; the first at `tmp_path`.

    Settings are keyword arguments.
    """
    directories = chain([tmp_path], (Path(mkdtemp(dir=tmp_path)) for _ in count()))

    def make(
        *turns: dict[str, Any], on_exhausted: str = "repeat_last", **settings: Any
    ) -> FlaskClient:
        played = Playback(MmapStore.create_in(next(directories), settings.get("max_sessions", 100)))
        played.publish(Script.from_spec({"on_exhausted": on_exhausted, "turns": list(turns)}))
        monkeypatch.setattr(shared, "_shared", played)
        return application(Settings(**settings)).test_client()

    return make
