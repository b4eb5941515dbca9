"""The plugin, as a project has it in whose environment llmsim is installed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.running import ROOT, clean_environment

pytestmark = pytest.mark.slow

ASK = """
import json, os, urllib.request

def ask(text, base=None, tools=()):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    if tools:
        body["tools"] = [{"type": "function", "function": {"name": name}} for name in tools]
    request = urllib.request.Request(
        (base or os.environ["OPENAI_BASE_URL"]) + "/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]

def say(text):
    return {"type": "assistant", "text": text}
"""
FIND = '{"type": "tool_calls", "calls": [{"name": "find_order", "arguments": {"number": 7}}]}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # In CI pytest repeats each failure in full in its summary.
    for name in [name for name in os.environ if name.startswith("PYTEST_") or name == "CI"]:
        monkeypatch.delenv(name)
    (tmp_path / "ask.py").write_text(ASK)
    return tmp_path


def write(project: Path, tests: str, ini: str = "") -> None:
    text = "import pytest\nfrom ask import ask, say\n" + tests
    (project / "test_project.py").write_text(text)
    (project / "pytest.ini").write_text(f"[pytest]\npythonpath = .\n{ini}")


def start(project: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options],
        cwd=project,
        env=clean_environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(project: Path, *options: str) -> str:
    return start(project, *options).communicate()[0]


def test_a_script_from_the_fixture_or_from_a_marker_is_played_to_each_test_alone(
    project: Path,
) -> None:
    (project / "file.json").write_text('{"turns": [{"type": "assistant", "text": "file"}]}')
    write(
        project,
        """
@pytest.mark.parametrize("number", range(3))
def test_fixture(llmsim_session, number):
    llmsim_session.script([say(str(number)), say("end")])
    assert [ask("Hi"), ask("Again")] == [str(number), "end"]
    assert [entry.last for entry in llmsim_session.requests] == ["Hi", "Again"]
    llmsim_session.assert_passed()
    llmsim_session.assert_exhausted()

@pytest.mark.llmsim([say("marker")])
def test_marker(llmsim_session):
    assert ask("Hi", llmsim_session.openai_base_url) == "marker"

def test_path(llmsim_session):
    assert ask("Hi") == "by the ini file"
    llmsim_session.script("file.json")
    assert ask("Hi") == "file"

def test_the_variables_are_gone():
    import os
    assert "OPENAI_BASE_URL" not in os.environ
""",
        "llmsim_script = default.json\nllmsim_workers = 1\n",
    )
    script = '{"turns": [{"type": "assistant", "text": "by the ini file"}]}'
    (project / "default.json").write_text(script)
    assert "6 passed" in run(project, "-n", "2", "-p", "no:randomly")
    assert "6 passed" in run(project)


def test_a_script_of_the_servers_folder_goes_by_its_name(project: Path) -> None:
    (project / "scripts").mkdir()
    for name in ("default", "checkout"):
        script = f'{{"turns": [{{"type": "assistant", "text": "{name}"}}]}}'
        (project / "scripts" / f"{name}.json").write_text(script)
    write(
        project,
        """
def test_name(llmsim_server, llmsim_session):
    with pytest.raises(AssertionError, match="no turn was taken"):
        llmsim_session.assert_exhausted()
    assert ask("Hi") == "default"
    llmsim_session.assert_exhausted()
    llmsim_session.script("checkout")
    assert ask("Hi") == "checkout"
    other = llmsim_server.session(script="checkout")
    assert ask("Hi", other.openai_base_url) == "checkout"

def test_no_such_name(llmsim_session):
    with pytest.raises(Exception, match="chekout"):
        llmsim_session.script("chekout")
""",
        "llmsim_script = scripts\n",
    )
    assert "2 passed" in run(project)


def test_the_report_of_a_failed_test_is_the_one_that_the_readme_shows(project: Path) -> None:
    write(
        project,
        f"""
def test_order(llmsim_session):
    llmsim_session.script([{FIND}, say("It was sent.")])
    assert ask("Where is order 7?", tools=["find_order"]) == "It was sent."
""",
    )
    told = run(project)
    assert "1 failed" in told
    texts = re.findall(r"^```text\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    shown = next(text for text in texts if text.startswith("-"))
    (name,) = re.findall(r"llmsim session (session-[0-9a-f]{16}) --", told)
    for line in re.sub(r"session-[0-9a-f]{16}", name, shown).splitlines()[1:]:
        assert f"\n{line}\n" in told
    assert "llmsim server log" not in told


def test_a_verdict_that_fails_says_so_once_and_with_strict_in_every_test(project: Path) -> None:
    tests = """
def test_asserted(llmsim_session):
    llmsim_session.script([say("a"), say("b")])
    ask("Hi")
    llmsim_session.assert_passed()

def test_silent(llmsim_session):
    llmsim_session.script([say("a"), say("b")])
    ask("Hi")

def test_no_session():
    pass
"""
    write(project, tests)
    told = run(project)
    assert "1 failed, 2 passed" in told
    assert told.count("stopped after turn 0") == 1
    write(project, tests, "llmsim_strict = true\n")
    told = run(project)
    assert "2 failed, 1 passed" in told
    assert told.count("stopped after turn 0") == 2
    assert "2 failed" in run(project, "--lf")


def test_a_server_that_crashes_is_named(project: Path) -> None:
    write(
        project,
        """
import json, os, signal, urllib.request

def test_crash(llmsim_server, llmsim_session):
    llmsim_session.script([say("a")])
    origin = llmsim_session.openai_base_url.partition("/s/")[0]
    with urllib.request.urlopen(origin + "/health") as answer:
        os.kill(json.load(answer)["pid"], signal.SIGKILL)
    llmsim_server.control.get("/sessions")
    while True:
        llmsim_session.requests
""",
    )
    told = run(project)
    assert "the llmsim server ended by signal 9" in told


def test_a_server_that_runs_elsewhere_can_be_used(project: Path) -> None:
    write(
        project,
        """
import llmsim, subprocess, sys

def test_elsewhere(llmsim_server):
    url = llmsim_server.openai_base_url.removesuffix("/openai/v1")
    inner = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "inner.py"]
    told = subprocess.run([*inner, "--llmsim-url", url], capture_output=True, text=True).stdout
    assert "1 passed" in told
    assert llmsim_server.control.get("/sessions")["sessions"][0]["name"] == "inner"
""",
    )
    (project / "inner.py").write_text(
        "from ask import ask, say\n"
        "def test_inner(llmsim_server):\n"
        "    session = llmsim_server.session('inner', [say('a')])\n"
        "    assert ask('Hi', session.openai_base_url) == 'a'\n"
    )
    assert "1 passed" in run(project)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_where_pytest_is_ended(project: Path, end: signal.Signals) -> None:
    write(
        project,
        """
import time

def test_long(llmsim_session):
    open("began", "w").close()
    time.sleep(600)
""",
    )
    running = start(project)
    while not (project / "began").exists():
        assert running.poll() is None
        time.sleep(0.05)
    started = psutil.Process(running.pid).children(recursive=True)
    assert any("serve" in process.cmdline() for process in started)
    running.send_signal(end)
    running.communicate()
    psutil.wait_procs(started, timeout=30)
    assert [process for process in started if process.is_running()] == []


def test_a_wrong_script_is_an_error_where_it_is_given(project: Path) -> None:
    write(project, "def test_wrong(llmsim_session):\n    llmsim_session.script([{'type': 'x'}])\n")
    assert "$.turns[0].type: unknown turn type 'x'" in run(project)


def test_the_plugin_costs_a_project_that_does_not_use_it_no_import() -> None:
    code = (
        "import sys, llmsim.pytest_plugin\n"
        "names = ('gunicorn', 'flask', 'gevent', 'marshmallow')\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "[]\n"


def test_importing_llmsim_imports_no_pytest_and_no_server() -> None:
    code = (
        "import sys, llmsim, llmsim.testing\n"
        "print([name for name in ('pytest', 'gunicorn', 'gevent') if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "[]\n"
