"""The page of a server that plays a folder of scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.played import Agent, user
from tests.running import Server, text, write_script


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("folder")
    scripts = folder / "scripts"
    scripts.mkdir()
    for name in ("buyer", "seller"):
        write_script(scripts / f"{name}.json", text(f"I am the {name}"))
    with Server(folder, scripts, LLMSIM_WORKERS="2") as running:
        yield running


def test_the_lines_of_a_folder_are_listed_without_their_texts(
    server: Server, open_page: Open
) -> None:
    Agent(server, "any").ask(user("Hi"))
    page = open_page("#/session/any/script")
    expect(page.get_by_text("plays whichever script its requests are for")).to_be_visible()
    expect(page.locator(".script-track")).to_have_count(2)
    expect(page.locator(".turn .badge").first).to_have_text("assistant")
