"""The README is run.

Its blocks work as written, against a real server at the address that they name.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmsim import Script, ScriptInvalidError
from tests.running import ROOT, Server, clean_environment

README = (ROOT / "README.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8080"
REDIS = "redis://127.0.0.1:6379"
BIN = f"{Path(sys.executable).parent}/"

INSTALL = "python3 -m venv .venv && .venv/bin/pip install -e "


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def first_line(block: str) -> str:
    return block.splitlines()[0][:60]


SHELL = [
    block for block in blocks("bash") if not block.startswith(INSTALL) and "gunicorn" not in block
]
SERVING = [
    block for block in blocks("bash") if not block.startswith(INSTALL) and "gunicorn" in block
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("readme"), None) as running:
        yield running


def shell(tmp_path: Path, command: str, **variables: str) -> str:
    environment = clean_environment(tmp_path, **variables)
    ended = subprocess.run(
        ["bash", "-ec", command.replace(".venv/bin/", BIN)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    kinds = re.findall(r"^```(\S+)$", README, re.MULTILINE)
    assert set(kinds) == {"bash", "python", "json", "text"}
    assert len(SHELL) + len(SERVING) + 2 == len(blocks("bash"))


def test_the_two_commands_install_and_then_serve_or_test() -> None:
    serve, test = (block.strip() for block in blocks("bash") if block.startswith(INSTALL))
    assert serve == f"{INSTALL}. && .venv/bin/gunicorn -c gunicorn.conf.py wsgi:app"
    assert test == f"{INSTALL}'.[test]' && .venv/bin/python -m pytest"
    named = [line for line in README.splitlines() if "pip install -e '.[test]'" in line]
    assert named == [test]  # the first is the one that `.ci/run` runs


@pytest.mark.parametrize("block", SHELL, ids=first_line)
def test_a_shell_block_runs(server: Server, tmp_path: Path, block: str) -> None:
    shell(tmp_path, block.replace(ADDRESS, server.origin))


def test_the_four_answers_are_those_that_are_announced(tmp_path: Path) -> None:
    with Server(tmp_path, None) as fresh:
        curl = next(block for block in SHELL if "curl" in block)
        answers = [
            json.loads(line)
            for line in shell(tmp_path, curl.replace(ADDRESS, fresh.origin)).splitlines()
        ]
    text, call, mixed = (answer["choices"][0]["message"] for answer in answers[:3])
    assert (bool(text["content"]), "tool_calls" in text) == (True, False)
    assert (call["content"], "tool_calls" in call) == (None, True)
    assert (bool(mixed["content"]), "tool_calls" in mixed) == (True, True)
    assert answers[3]["error"]["code"] == "rate_limit_exceeded"


def last_line(block: str) -> str:
    return block.splitlines()[-1][:60]


TESTS = [block for block in blocks("python") if "def test_" in block]
PROGRAMS = [block for block in blocks("python") if block not in TESTS]


def python(tmp_path: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("block", PROGRAMS, ids=last_line)
def test_a_python_block_runs(server: Server, tmp_path: Path, block: str) -> None:
    python(tmp_path, "-c", block.replace(ADDRESS, server.origin))


@pytest.mark.slow
@pytest.mark.parametrize("block", TESTS, ids=last_line)
def test_a_block_of_tests_passes(tmp_path: Path, block: str) -> None:
    (tmp_path / "test_agent.py").write_text(block)
    told = python(tmp_path, "-m", "pytest", "-c", "/dev/null", "-q", str(tmp_path))
    assert re.search(r"\b[1-9]\d* passed", told)
    assert "failed" not in told


def test_the_json_blocks_are_scripts() -> None:
    assert [len(Script.from_json(block)) for block in blocks("json")] == [8, 4, 3, 5, 6]


@pytest.mark.slow
@pytest.mark.parametrize("block", SERVING, ids=first_line)
def test_a_block_that_serves_a_script_serves_it(
    tmp_path: Path, block: str, request: pytest.FixtureRequest
) -> None:
    if REDIS in block:
        block = block.replace(REDIS, request.getfixturevalue("redis_server").url)
    script = tmp_path / "my-script.json"
    script.write_text(blocks("json")[0])
    command = block.replace("my-script.json", str(script)).replace(".venv/bin/", BIN).strip()
    with Server(tmp_path, None, command=["bash", "-c", f"exec env {command}"]) as running:
        assert f"plays {script} (8 turns, then error)" in running.log()


def test_the_error_that_is_shown_is_the_one_that_comes(tmp_path: Path) -> None:
    shown = next(block for block in blocks("text") if block.startswith("my-script.json"))
    script = (
        '{"turns": [\n  {"type": "assistant", "text": "Hello"},\n  {"type": "error", "kind": '
        '"ratelimit"}]}'
    )
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_json(script, "my-script.json")
    assert str(caught.value) == shown.strip()


def test_every_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [
        link for link in links if not link.startswith("http") and not (ROOT / link).exists()
    ] == []
