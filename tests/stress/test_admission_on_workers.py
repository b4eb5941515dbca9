"""What keeps a request from a turn is the same on whichever workers and however many hosts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from llmsim.playback.injected import ErrorsAtRandom
from llmsim.script import ErrorRates
from tests.requests import CHAT, body_for
from tests.running import PATIENCE, Server, numbered
from tests.stress.hosts import Served, started


@pytest.fixture(scope="module", params=["one worker", "gevent", "gthread", "three hosts"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("admission")
    one = Server(folder, None, LLMSIM_WORKERS="1")
    with one if request.param == "one worker" else started(request.param, folder, None) as running:
        yield running


def put(server: Served, session: str, **keys: Any) -> None:
    url = f"{server.origin}/llmsim/sessions/{session}/script"
    script = {"on_exhausted": "loop", "turns": numbered(50), **keys}
    assert httpx.put(url, json=script, timeout=PATIENCE).status_code == 200


def ask(server: Served, session: str, **headers: str) -> httpx.Response:
    """On a connection of its own: any worker may take it."""
    url = f"{server.origin}/s/{session}{CHAT}"
    return httpx.post(url, json=body_for(CHAT), headers=headers, timeout=PATIENCE)


def test_the_same_seed_injects_the_same_errors(server: Served) -> None:
    rates = {"rate_limit_rate": 0.3, "timeout_rate": 0.1}
    put(server, "drawn", errors=rates, seed=5)
    answers = [ask(server, "drawn") for _ in range(60)]
    found = [answer.headers.get("X-LLMSim-Injected") for answer in answers]
    errors = ErrorsAtRandom(ErrorRates(**rates), 5)
    assert found == [errors.drawn("drawn", arrival) for arrival in range(60)]
    assert found.count("rate_limit") > 5


def test_of_a_hundred_requests_that_are_allowed_a_hundred_pass(server: Served) -> None:
    put(server, "limited", limits={"requests_per_minute": 100})
    began = time.monotonic()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: ask(server, "limited"), range(160)))
    came_back = int((time.monotonic() - began) / 0.6)  # of those that were used
    passed = [answer for answer in answers if answer.status_code == 200]
    assert 100 <= len(passed) <= 100 + came_back < 160
    positions = sorted(int(answer.headers["X-LLMSim-Position"]) for answer in passed)
    assert positions == [*range(len(passed))]
    assert {answer.status_code for answer in answers} == {200, 429}
