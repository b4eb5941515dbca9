"""`llmsim verify`: what the agents of a running server did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from llmsim.cli.verify import _origin
from tests.cli.command import command
from tests.running import PATIENCE, Server, text

USER = {"role": "user", "content": "Go."}
CALL: dict[str, Any] = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]}
SENT: dict[str, Any] = {**text("Done."), "expect": {"last_contains": "sent"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("verify"), None, LLMSIM_CONTROL_TOKEN="key") as running:
        yield running


@pytest.fixture
def verify(server: Server) -> Any:
    """A function that runs the command against the server, with the key of its control API."""

    def run(*arguments: str | Path, code: int, **variables: str) -> tuple[str, str]:
        environment = {"LLMSIM_URL": server.origin, "LLMSIM_CONTROL_TOKEN": "key", **variables}
        ended = command("verify", *arguments, **environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout, ended.stderr

    return run


def control(server: Server, method: str, path: str, body: Any = None) -> Any:
    answer = httpx.request(
        method,
        f"{server.origin}/llmsim{path}",
        json=body,
        headers={"Authorization": "Bearer key"},
        timeout=PATIENCE,
    )
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def make(server: Server, name: str, order: str = "arrival") -> None:
    script = {"order": order, "on_exhausted": "error", "turns": [CALL, SENT]}
    control(server, "POST", "/sessions", {"name": name, "script": script})


def play(server: Server, name: str, result: str | None) -> None:
    """A conversation that sends this result, or none and stops."""
    url = f"{server.origin}/s/{name}/openai/v1/chat/completions"
    ask: dict[str, Any] = {"model": "m", "messages": [USER]}
    message = httpx.post(url, json=ask, timeout=PATIENCE).json()["choices"][0]["message"]
    if result is not None:
        told = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": result}
        httpx.post(url, json={**ask, "messages": [USER, message, told]}, timeout=PATIENCE)


@pytest.fixture
def sessions(server: Server) -> Iterator[None]:
    """Three sessions, two of which go wrong."""
    for name, result in (("a-1", "sent"), ("a-2", "lost"), ("a-3", None)):
        make(server, name)
        play(server, name, result)
    yield
    control(server, "DELETE", "/sessions?prefix=a-")


def test_one_session_that_passes(server: Server, sessions: None, verify: Any) -> None:
    said, _ = verify("--session", "a-1", code=0)
    address = server.origin.removeprefix("http://")
    assert verify("--session", "a-1", "--url", address, code=0) == (said, "")
    assert said.splitlines()[0] == "session a-1: passed: 2 of 2 turns taken"


def test_one_session_that_fails(server: Server, sessions: None, verify: Any) -> None:
    said, _ = verify("--session", "a-2", code=1)
    assert said.splitlines()[:2] == [
        "session a-2: FAILED: 2 of 2 turns taken",
        '  position 1, turn 1: expected last_contains: a text that contains "sent"; found "lost"',
    ]


def test_all_sessions_or_those_with_a_prefix(server: Server, sessions: None, verify: Any) -> None:
    said, _ = verify("--prefix", "a-", code=1)
    first, *failed = said.splitlines()
    assert first == "FAILED: 3 sessions: 1 passed, 2 failed"
    assert sorted(failed) == [
        '  a-2: position 1, turn 1: expected last_contains: a text that contains "sent"; '
        'found "lost"',
        "  a-3: stopped after turn 0: never came to turn 1, the last one",
    ]
    said, _ = verify("--prefix", "a-1", code=0)
    assert said.splitlines()[0] == "session a-1: passed: 2 of 2 turns taken", "the only one"
    said, _ = verify(code=1)
    assert said.splitlines()[0] == first


def test_as_json(server: Server, sessions: None, verify: Any) -> None:
    said, _ = verify("--json", "--session", "a-3", code=1)
    assert json.loads(said)["reasons"][0]["kind"] == "stopped"
    said, _ = verify("--json", "--prefix", "a-", code=1)
    assert json.loads(said)["counts"]["passed"] == 1


def cases(path: Path) -> dict[str, str | None]:
    """The cases of a report, and the type of the failure of each."""
    suites = ElementTree.parse(path).getroot()
    (suite,) = suites
    found = {}
    for case in suite.iter("testcase"):
        failure = case.find("failure")
        found[case.attrib["name"]] = None if failure is None else failure.attrib["type"]
    assert suite.attrib["tests"] == str(len(found))
    assert suite.attrib["failures"] == str(sum(kind is not None for kind in found.values()))
    return found


def test_a_junit_report_has_a_case_for_each_session(
    server: Server, sessions: None, verify: Any, tmp_path: Path
) -> None:
    report = tmp_path / "verdict.xml"
    verify("--prefix", "a-", "--junit", report, code=1)
    assert cases(report) == {"a-1": None, "a-2": "unmet", "a-3": "stopped"}
    verify("--session", "a-1", "--junit", report, code=0)
    assert cases(report) == {"a-1": None}


def test_or_for_each_conversation(server: Server, verify: Any, tmp_path: Path) -> None:
    make(server, "many", "history")
    for result in ("sent", "lost", None, "sent\ufffe\x01"):
        play(server, "many", result)
    report = tmp_path / "verdict.xml"
    verify("--session", "many", "--junit", report, code=1)
    assert [*cases(report).values()] == [None, "unmet", "stopped", None]
    assert all(name.startswith("call_llmsim_") for name in cases(report))
    control(server, "DELETE", "/sessions/many")


def test_what_keeps_it_from_judging_is_said(server: Server, verify: Any, tmp_path: Path) -> None:
    _, said = verify("--session", "nobody", code=1)
    refused = "the server refuses GET /llmsim/sessions/nobody/verdict: There is no session 'nobody'"
    assert refused in said
    _, said = verify(code=1, LLMSIM_CONTROL_TOKEN="wrong")
    assert "Authorization: Bearer" in said
    _, said = verify("--url", "http://127.0.0.1:9", code=1)
    assert "does not answer to" in said
    assert "(http://127.0.0.1:9)" in said
    _, said = verify("--url", "nonsense", code=1)
    assert "nonsense" in said
    verify("--session", "a", "--prefix", "b", code=2)
    make(server, "b")
    play(server, "b", "sent")
    _, said = verify("--session", "b", "--junit", tmp_path / "no" / "such.xml", code=1)
    assert "cannot write" in said
    control(server, "DELETE", "/sessions/b")


@pytest.mark.parametrize(
    ("bind", "origin"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:80,[::1]:81", "http://127.0.0.1:80"),
        ("[::]:9", "http://[::1]:9"),
        ("example:7", "http://example:7"),
    ],
)
def test_the_server_of_the_settings_is_asked(bind: str, origin: str) -> None:
    assert _origin(bind) == origin
