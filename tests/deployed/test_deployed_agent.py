"""Of many users of one deployed agent, each gets the script, and each of its errors once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployed.service import WAYS, Load, Way, statuses
from tests.running import PATIENCE, Server
from tests.stress.servers import stressed_server

USERS = 16
RATE_LIMIT: dict[str, Any] = {"type": "error", "kind": "rate_limit"}
EXPECTED = [1, "second", 2, "first answer", "last answer"]


def calls(number: int) -> list[dict[str, Any]]:
    return [{"name": "step", "arguments": {"n": number}}]


FIRST: dict[str, Any] = {"type": "tool_calls", "calls": calls(1)}
REST: list[dict[str, Any]] = [
    {"type": "mixed", "text": "second", "calls": calls(2)},
    {"type": "assistant", "text": "first answer"},
    {"type": "assistant", "text": "last answer"},
]
WITHOUT_ERRORS = [FIRST, *REST]
ERROR_BEHIND_A_CALL = [FIRST, RATE_LIMIT, *REST]
ERROR_AT_FIRST = [RATE_LIMIT, FIRST, *REST]


def alike(_user: int) -> Sequence[str]:
    return "Do it.", "And then?"


def of_his_own(user: int) -> Sequence[str]:
    return f"I am user {user}. Do it.", "And then?"


def script(path: Path, turns: Sequence[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"order": "history", "on_exhausted": "error", "turns": turns}))
    return path


@contextmanager
def serving(tmp_path: Path, turns: Sequence[dict[str, Any]]) -> Iterator[Server]:
    path = script(tmp_path / "script.json", turns)
    # The agent and its users share one process: on a slow machine it comes back to a connection
    # late.
    with stressed_server(tmp_path, path, "gevent", LLMSIM_KEEPALIVE="60") as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("deployed"), WITHOUT_ERRORS) as server:
        yield server


def session(server: Server, turns: Sequence[dict[str, Any]]) -> str:
    """The name of a new session that plays these turns."""
    spec = {"order": "history", "on_exhausted": "error", "turns": turns}
    url = f"{server.origin}/llmsim/sessions"
    return str(httpx.post(url, json={"script": spec}, timeout=PATIENCE).json()["name"])


class Killer:
    """Kills the server's oldest worker after each tenth answer."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._answers = 0
        self.kills = 0

    def after_an_answer(self) -> None:
        self._answers += 1
        if self._answers % 10 == 0:
            with contextlib.suppress(ProcessLookupError, IndexError):  # it may have ended since
                os.kill(min(self._server.worker_pids()), signal.SIGKILL)
                self.kills += 1


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("turns", "questions"),
    [(ERROR_BEHIND_A_CALL, alike), (ERROR_AT_FIRST, of_his_own)],
    ids=["an error behind a call", "an error at first"],
)
def test_every_user_gets_the_script_and_its_error_once(
    server: Server,
    way: Way,
    turns: list[dict[str, Any]],
    questions: Callable[[int], Sequence[str]],
) -> None:
    name = session(server, turns)
    heard = Load([f"{server.origin}/s/{name}"], USERS, questions).run(way)
    counted = statuses(server.origin, name)
    assert [user.said for user in heard] == [EXPECTED] * USERS
    assert counted == {200: 4 * USERS, 429: USERS}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_answer_that_was_cut_off_comes_again_and_no_error_behind_a_call_does(
    server: Server, way: Way
) -> None:
    name = session(server, ERROR_BEHIND_A_CALL)
    heard = Load([f"{server.origin}/s/{name}"], USERS, alike, cuts=True).run(way)
    counted = statuses(server.origin, name)
    assert [user.said for user in heard] == [EXPECTED] * USERS
    assert counted[429] == USERS
    assert counted[200] > 4 * USERS


@pytest.mark.parametrize("way", [Way("chat", False), Way("responses", True)], ids=str)
def test_workers_that_are_killed_cost_no_user_a_turn(tmp_path: Path, way: Way) -> None:
    with serving(tmp_path, WITHOUT_ERRORS) as server:
        killer = Killer(server)
        load = Load([server.origin], USERS, alike, retries=50, after_each=killer.after_an_answer)
        heard = load.run(way)
    assert [user.said for user in heard] == [EXPECTED] * USERS
    assert killer.kills >= 5


@pytest.mark.parametrize("way", [Way("anthropic", True), Way("responses", False)], ids=str)
def test_servers_with_nothing_in_common_serve_one_conversation_together(
    tmp_path: Path, way: Way
) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    with serving(first, WITHOUT_ERRORS) as one, serving(second, WITHOUT_ERRORS) as other:
        heard = Load([one.origin, other.origin], USERS, alike).run(way)
        counted = [statuses(each.origin)[200] for each in (one, other)]
    assert [user.said for user in heard] == [EXPECTED] * USERS
    assert sum(counted) == 4 * USERS
    assert min(counted) > USERS
