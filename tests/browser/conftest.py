"""One browser for a module, and a context of its own for each test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Watched, chromium
from tests.browser.played import SCRIPT, played_by_arrival, played_by_history
from tests.running import Server

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Several workers, and two sessions that were played: `shop-1` and, by history, `users`."""
    folder = tmp_path_factory.mktemp("page")
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT), "utf-8")
    with Server(folder, script, LLMSIM_WORKERS="3") as running:
        played_by_arrival(running, "shop-1")
        played_by_history(running, "users")
        yield running


@pytest.fixture
def watch(browser: Browser, server: Server) -> Iterator[Callable[..., Watched]]:
    """Contexts of a test; each fails at its end if something was wrong in it."""
    made: list[Watched] = []

    def make(**options: Any) -> Watched:
        made.append(Watched(browser, **{"origin": server.origin} | options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def open_page(watch: Callable[..., Watched]) -> Open:
    """Opens the page at a view; options are the context's."""

    def open_at(path: str = "#/", **options: Any) -> Page:
        return watch(**options).open(path)

    return open_at
