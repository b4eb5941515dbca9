"""Where no start-up hook has run, a process plays alone, or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from llmsim.serving import shared
from llmsim.settings import Settings
from tests.conftest import Application
from tests.requests import FOR_ALL, ROUTES


@pytest.fixture(autouse=True)
def without_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_shared", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_of_many_processes_is_refused_whatever_its_name(
    route: str, application: Application
) -> None:
    client = application(Settings()).test_client()
    of_many = {"wsgi.multiprocess": True, "SERVER_SOFTWARE": "another/1.0"}
    refused = client.post(route, json=FOR_ALL, environ_overrides=of_many)
    assert refused.status_code == 503
    assert "LLMSIM_STATE_DIR" in refused.get_json()["error"]["message"]
    assert client.get("/health", environ_overrides=of_many).status_code == 503


def test_it_plays_from_a_state_directory_that_all_its_processes_share(
    tmp_path: Path, application: Application
) -> None:
    client = application(Settings(state_dir=str(tmp_path / "state"))).test_client()
    of_many = {"wsgi.multiprocess": True}
    answers = [client.post(ROUTES[0], json=FOR_ALL, environ_overrides=of_many) for _ in range(2)]
    assert [answer.headers["X-LLMSim-Position"] for answer in answers] == ["0", "1"]


def test_the_settings_give_the_script_file_its_errors_at_random(application: Application) -> None:
    client = application(Settings(timeout_rate=1)).test_client()
    assert client.post(ROUTES[0], json=FOR_ALL).headers["X-LLMSim-Injected"] == "timeout"
