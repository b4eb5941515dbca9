"""`llmsim run`: a server for the time of one command."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from llmsim.cli.signals import Signals
from llmsim.server.client_environment import variables
from tests.processes import no_survivors
from tests.running import PATIENCE, ROOT, clean_environment, numbered, text, write_script

pytestmark = pytest.mark.slow  # servers are started and stopped
RUN = [sys.executable, "-m", "llmsim", "run"]
PYTHON = [sys.executable, "-c"]

# Without an SDK, which takes longer to import than all the rest.
ASK = """
import json, os, sys, urllib.request
url, key = os.environ["OPENAI_BASE_URL"] + "/chat/completions", os.environ["OPENAI_API_KEY"]
headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
for word in sys.argv[1:]:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": word}]}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    completion = json.load(urllib.request.urlopen(request))
    print(completion["choices"][0]["message"]["content"])
"""
ASK_BY_SDK = """
import sys
from openai import OpenAI
client = OpenAI(max_retries=0)
for word in sys.argv[1:]:
    message = {"role": "user", "content": word}
    completion = client.chat.completions.create(model="gpt-5", messages=[message])
    print(completion.choices[0].message.content)
"""
TOOL_LOOP = """
from openai import OpenAI
messages = [{"role": "user", "content": "What is here?"}]
while True:
    completion = OpenAI().chat.completions.create(model="gpt-5", messages=messages)
    message = completion.choices[0].message
    messages.append(message)
    if not message.tool_calls:
        break
    for call in message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "a.txt\\nb.txt"})
"""
ASK_ANTHROPIC = """
from anthropic import Anthropic
message = {"role": "user", "content": "Hi"}
made = Anthropic().messages.create(model="claude-sonnet-5", max_tokens=9, messages=[message])
print(made.content[0].text)
"""
CALLING = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {"command": "ls"}}]}
RATE_LIMIT = {"type": "error", "kind": "rate_limit"}


@pytest.fixture(autouse=True)
def nothing_is_left_running(tmp_path: Path) -> Iterator[None]:
    with no_survivors(tmp_path):
        yield
        assert running(tmp_path) == []
        assert [*tmp_path.glob("*llmsim-*")] == []


def running(tmp_path: Path) -> list[str]:
    """What runs with `TMPDIR` at `tmp_path`: a server of this test, or a command."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(tmp_path):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def run(
    tmp_path: Path, *arguments: str | Path, code: int = 0, **variables: Any
) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [*RUN, *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(tmp_path, **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr.partition("session default:")[0]
    return ended


def script_of(tmp_path: Path, *turns: dict[str, Any], **more: Any) -> Path:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"turns": turns, **more}))
    return path


def test_a_command_that_uses_all_turns_passes_and_little_is_said(tmp_path: Path) -> None:
    script = script_of(tmp_path, *numbered(2))
    ended = run(tmp_path, script, "--", *PYTHON, ASK_BY_SDK, "a", "b")
    assert ended.stdout == "0\n1\n"
    assert ended.stderr == "llmsim: 2 of 2 turns used\n"


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_turns_are_counted_and_the_conversation_is_shown_under_both_orders(
    tmp_path: Path, order: str
) -> None:
    script = script_of(tmp_path, CALLING, RATE_LIMIT, text("Two files."), text("More?"))
    ended = run(tmp_path, script, "--", *PYTHON, TOOL_LOOP, code=1, LLMSIM_ORDER=order)
    lines = [line.partition(", conversation")[0] for line in ended.stderr.splitlines()]
    assert lines[0] == "llmsim: 3 of 4 turns used; left: turn 3"
    if order == "history":
        assert ", conversation " in ended.stderr
        return
    assert lines[1:] == [
        "session default:",
        "  position 0, turn 0, status 200",
        "    user: What is here?",
        '    -> bash({"command": "ls"})',
        "  position 1, turn 1, status 429",
        "    tool: a.txt b.txt",
        "    -> rate_limit_exceeded: Rate limit exceeded. Please retry after some time.",
        "  position 2, turn 2, status 200",
        "    tool: a.txt b.txt",
        "    -> text: Two files.",
    ]


def test_turns_of_tracks_are_counted_with_their_names(tmp_path: Path) -> None:
    track = {"name": "side", "when": {"first_contains": "b"}, "turns": numbered(2)}
    script = script_of(tmp_path, *numbered(2), tracks=[track])
    ended = run(tmp_path, script, "--", *PYTHON, ASK, "a", "b", code=1)
    assert ended.stdout == "0\n0\n"
    assert ended.stderr.startswith(
        "llmsim: 2 of 4 turns used; left: turn 1, turn 1 of side\nsession default:\n"
    )


def test_by_history_a_turn_that_many_were_served_is_one(tmp_path: Path) -> None:
    script = script_of(tmp_path, *numbered(2), order="history")
    ended = run(tmp_path, script, "--allow-left", "--", *PYTHON, ASK, "a", "b", "c")
    assert ended.stdout == "0\n0\n0\n"
    assert ended.stderr == "llmsim: 1 of 2 turns used; left: turn 1\n"


def test_a_loop_may_go_around(tmp_path: Path) -> None:
    script = script_of(tmp_path, *numbered(2), on_exhausted="loop")
    ended = run(tmp_path, script, "--", *PYTHON, ASK, *"abc")
    assert ended.stderr == "llmsim: 2 of 2 turns used\n"


def test_turns_that_are_left_may_be_allowed(tmp_path: Path) -> None:
    script = script_of(tmp_path, *numbered(9))
    ended = run(tmp_path, script, "--allow-left", "--", *PYTHON, ASK, "a")
    assert ended.stderr == (
        "llmsim: 1 of 9 turns used; left: turn 1, turn 2, turn 3, turn 4, turn 5 and 3 more\n"
    )


def test_a_command_that_fails_keeps_its_code_and_shows_the_conversation(tmp_path: Path) -> None:
    script = script_of(tmp_path, text("0"))
    ended = run(tmp_path, script, "--", *PYTHON, f"{ASK}\nsys.exit(7)", "hello", code=7)
    assert ended.stderr.startswith("llmsim: 1 of 1 turns used\nsession default:\n")
    assert "    user: hello\n    -> text: 0\n" in ended.stderr


def test_a_request_after_the_last_turn_is_shown(tmp_path: Path) -> None:
    script = script_of(tmp_path, text("0"), on_exhausted="error")
    caught = ASK.replace("    completion", "    try: completion", 1).replace(
        "    print", "    except Exception: break\n    print"
    )
    ended = run(tmp_path, script, "--", *PYTHON, caught, "a", "too much")
    assert "llmsim: requests after the last turn: 1\n" in ended.stderr
    assert "  position 1, no turn, status 500\n    user: too much\n" in ended.stderr
    assert "    -> script_exhausted: The script is exhausted" in ended.stderr


def test_a_command_that_asks_nothing_is_told_of_the_environment(tmp_path: Path) -> None:
    ended = run(tmp_path, script_of(tmp_path, text("0")), "--", *PYTHON, "", code=1)
    assert "0 of 1 turns used" in ended.stderr
    assert "no request came: does the command read OPENAI_BASE_URL" in ended.stderr


def test_the_sdk_of_anthropic_finds_the_server(tmp_path: Path) -> None:
    script = script_of(tmp_path, text("Hello"))
    assert run(tmp_path, script, "--", *PYTHON, ASK_ANTHROPIC).stdout == "Hello\n"


def test_a_proxy_of_the_environment_is_passed_by(tmp_path: Path) -> None:
    proxies: dict[str, Any] = dict.fromkeys(
        ["http_proxy", "https_proxy", "all_proxy"], "http://127.0.0.1:9"
    )
    script = script_of(tmp_path, text("Hello"))
    ended = run(tmp_path, script, "--", *PYTHON, ASK_BY_SDK, "a", **proxies, no_proxy="example.com")
    assert ended.stdout == "Hello\n"


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ({}, "127.0.0.1,localhost", "127.0.0.1,localhost"),
        ({"NO_PROXY": "a.b"}, "a.b,127.0.0.1,localhost", "a.b,127.0.0.1,localhost"),
        (
            {"NO_PROXY": "a.b", "no_proxy": "c"},
            "c,127.0.0.1,localhost",
            "a.b,127.0.0.1,localhost",
        ),
        ({"no_proxy": "*"}, "*", "*"),
        ({"NO_PROXY": "a,127.0.0.1,localhost"}, *2 * ["a,127.0.0.1,localhost"]),
    ],
)
def test_what_no_proxy_is_for_is_extended(given: dict[str, str], lower: str, upper: str) -> None:
    found = variables("http://127.0.0.1:1", given)
    assert (found["no_proxy"], found["NO_PROXY"]) == (lower, upper)


def test_the_command_gets_its_environment_and_no_key_of_the_user(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        script_of(tmp_path, text("0")),
        "--allow-left",
        "--",
        *PYTHON,
        "import json, os; print(json.dumps(dict(os.environ)))",
        OPENAI_API_KEY="sk-secret",
        ANTHROPIC_API_KEY="sk-secret",
        OPENAI_BASE_URL="https://api.openai.com/v1",
        MINE="mine",
    ).stdout
    found = json.loads(printed)
    origin = found["LLMSIM_URL"]
    assert origin.startswith("http://127.0.0.1:")
    assert found["OPENAI_BASE_URL"] == found["OPENAI_API_BASE"] == f"{origin}/openai/v1"
    assert found["ANTHROPIC_BASE_URL"] == f"{origin}/anthropic"
    assert found["MINE"] == "mine"
    assert "sk-secret" not in printed


def test_the_address_is_the_servers_own_whatever_the_settings_say(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        script_of(tmp_path, text("Hello")),
        *("--", *PYTHON, ASK, "a"),
        LLMSIM_BIND="203.0.113.1:1",
        LLMSIM_HOST="203.0.113.1",
        LLMSIM_PORT="1",
        LLMSIM_PUBLIC_URL="http://llm.example.com",
        LLMSIM_READY_FILE=str(tmp_path / "mine.json"),
        LLMSIM_CONTROL_TOKEN="s3cret",
        LLMSIM_JOURNAL="meta",
    )
    assert (ended.stdout, ended.stderr) == ("Hello\n", "llmsim: 1 of 1 turns used\n")


def test_the_control_api_is_at_the_address_and_sessions_are_told_apart(tmp_path: Path) -> None:
    command = """
import json, os, urllib.request
def post(url, body):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))
own = {"turns": [{"type": "assistant", "text": "own"}]}
made = [{"name": "own", "script": own}, {"name": "beside"}]
for body in made:
    urls = post(os.environ["LLMSIM_URL"] + "/llmsim/sessions", body)["base_urls"]
    message = {"role": "user", "content": "Hi"}
    post(urls["openai"] + "/chat/completions", {"model": "gpt-5", "messages": [message]})
"""
    ended = run(
        tmp_path, script_of(tmp_path, *numbered(2)), "--", sys.executable, "-c", command, code=1
    )
    lines = ended.stderr.splitlines()
    assert lines[:2] == [
        "llmsim: 1 of 2 turns used; left: turn 1",
        "llmsim: not counted, with scripts of their own: own",
    ]
    assert {"session own:", "session beside:"} <= {*lines}


def test_a_stream_that_is_left_in_the_middle_counts(tmp_path: Path) -> None:
    command = """
import os, socket, time
from urllib.parse import urlsplit
url = urlsplit(os.environ["OPENAI_BASE_URL"])
body = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "Go"}]}'
head = f"POST {url.path}/chat/completions HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: {len(body)}"
with socket.create_connection((url.hostname, url.port)) as connection:
    connection.sendall(head.encode() + b"\\r\\n\\r\\n" + body)
    connection.recv(100)
    if not os.fork():
        time.sleep(0.7)  # the answer is on its way while the command has ended
os._exit(3)
"""
    script = script_of(tmp_path, {"type": "lorem", "tokens": 60_000})
    ended = run(tmp_path, script, "--", *PYTHON, command, code=3)
    assert "llmsim: 1 of 1 turns used\n" in ended.stderr
    assert "  position 0, turn 0, status 200, client_gone\n    user: Go\n" in ended.stderr


@pytest.mark.parametrize("command", ["no-such-command", "/etc/passwd"])
def test_a_command_that_cannot_be_started_is_127(tmp_path: Path, command: str) -> None:
    ended = run(tmp_path, script_of(tmp_path, text("0")), "--", command, "-x", code=127)
    said, *others = ended.stderr.splitlines()
    assert said.startswith(f"llmsim: cannot run {command!r}: ")
    # On a slow machine gunicorn may say that it killed a worker that was still starting.
    assert all("was sent SIGKILL" in other for other in others)


def test_a_bad_script_runs_nothing_and_shows_the_servers_error(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    script = script_of(tmp_path, {"type": "error", "kind": "ratelimit"})
    ended = run(tmp_path, script, "--", "touch", touched, code=1)
    assert "did you mean 'rate_limit'?" in ended.stderr
    assert ended.stderr.endswith("llmsim: the server did not start\n")
    assert not touched.exists()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LLMSIM_WORKERS", "none", "LLMSIM_WORKERS"),
        ("LLMSIM_JOURNAL", "off", "set journal.mode to meta"),
    ],
)
def test_a_setting_that_will_not_do_runs_nothing(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    touched = tmp_path / "touched"
    script = script_of(tmp_path, text("0"))
    ended = run(tmp_path, script, "--", "touch", touched, code=1, **{variable: value})
    assert said in ended.stderr
    assert not touched.exists()


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    script = script_of(tmp_path, text("0"))
    ended = run(tmp_path, script, "--", *PYTHON, ASK, "a", LLMSIM_WORKRS="3")
    assert "llmsim: unknown environment variable 'LLMSIM_WORKRS'" in ended.stderr


@pytest.mark.parametrize("options", [[], ["--allow-left"]])
def test_what_stands_behind_the_dashes_is_the_commands_alone(
    tmp_path: Path, options: list[str]
) -> None:
    script = script_of(tmp_path, text("0"))
    command = [*PYTHON, f"{ASK.replace('[1:]', '[3:]')}\nprint(sys.argv[1:])"]
    ended = run(tmp_path, script, *options, "--", *command, "--", "--allow-left", "a", "b")
    assert ended.stdout.endswith("['--', '--allow-left', 'a', 'b']\n")


@pytest.mark.parametrize("given", [[], ["script.json"], ["script.json", "--"]])
def test_without_a_command_it_is_wrong_usage(tmp_path: Path, given: list[str]) -> None:
    assert "llmsim run SCRIPT [--allow-left] -- COMMAND..." in run(tmp_path, *given, code=2).stderr


def test_files_of_the_current_folder_are_no_modules_of_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("gunicorn.py", "argparse.py"):
        (folder / name).write_text("raise SystemExit('the wrong one')")
    script = write_script(tmp_path / "script.json", text("0"))
    environ = clean_environment(tmp_path)
    program = str(Path(sys.executable).parent / "llmsim")
    command = [program, "run", str(script), "--allow-left", "--", "true"]
    ended = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (0, 2), ended.stderr


def test_an_expectation_that_is_not_met_fails_and_is_shown(tmp_path: Path) -> None:
    turn = {**text("0"), "expect": {"last_contains": "please"}}
    ended = run(tmp_path, script_of(tmp_path, turn), "--", *PYTHON, ASK, "Hi", code=1)
    assert (
        "llmsim: session default: position 0, turn 0: expected last_contains: a text that contains "
        '"please"; found "Hi"'
    ) in ended.stderr
    assert "user: Hi" in ended.stderr, "the conversation"
    run(tmp_path, script_of(tmp_path, turn), "--", *PYTHON, ASK, "Hi, please", code=0)


def test_an_expectation_that_is_not_met_fails_behind_what_else_is_wrong(tmp_path: Path) -> None:
    unmet = {**text("1"), "expect": {"last_contains": "please"}}
    call = {"type": "tool_calls", "calls": [{"name": "look"}]}
    lost = {"role": "tool", "tool_call_id": "lost", "content": "a chair"}
    command = """
import json, os, sys, urllib.request
def ask(*messages):
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}, *messages]}
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))["choices"][0]["message"]
"""
    # The real API would refuse the first request, and the second one gets another turn.
    first = f"{command}\nask({lost})\nask()"
    script = script_of(tmp_path, text("0"), unmet, protocol="report")
    ended = run(tmp_path, script, "--", *PYTHON, first, code=1)
    assert "llmsim: session default: position 1, turn 1: expected last_contains" in ended.stderr
    # The first conversation stops early, which is allowed.
    second = f"""{command}
ask()
message = ask()
ask(message, {{**{lost}, "tool_call_id": message["tool_calls"][0]["id"]}})
"""
    script = script_of(tmp_path, call, unmet, text("2"), order="history")
    ended = run(tmp_path, script, "--allow-left", "--", *PYTHON, second, code=1)
    assert "llmsim: session default: position 2, turn 1: expected last_contains" in ended.stderr


def test_a_server_that_died_is_told_of(tmp_path: Path) -> None:
    command = """
import json, os, signal, urllib.request
pid = json.load(urllib.request.urlopen(os.environ["LLMSIM_URL"] + "/health"))["pid"]
os.kill(pid, signal.SIGTERM)
while os.path.exists(f"/proc/{pid}") and "zombie" not in open(f"/proc/{pid}/status").read():
    pass
"""
    ended = run(tmp_path, script_of(tmp_path, text("0")), "--", *PYTHON, command, code=1)
    assert "llmsim: the server does not answer to GET /llmsim/sessions" in ended.stderr


# Signals

WAITING = """
import signal, sys, time
received = []
def stop(number, _):
    received.append(number)
    print("got", number, flush=True)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("waits", flush=True)
while not received:
    time.sleep(0.01)
time.sleep(0.3)
sys.exit(9)
"""


def started(
    tmp_path: Path, *command: str, turns: int = 1, **options: Any
) -> subprocess.Popen[bytes]:
    script = script_of(tmp_path, *numbered(turns))
    return subprocess.Popen(
        [*RUN, str(script), "--", *command],
        cwd=ROOT,
        env=clean_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def wait_for_child(parent: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not psutil.Process(parent).children():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_command_and_the_rest_happens(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = started(tmp_path, *PYTHON, WAITING, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline() == b"waits\n"
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)
    assert output == f"got {number.value}\n".encode()
    assert process.returncode == 9
    assert b"llmsim: 0 of 1 turns used" in errors


def test_a_command_that_a_signal_ends_has_the_code_that_a_shell_gives_it(tmp_path: Path) -> None:
    process = started(tmp_path, "sleep", "1000", start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while not any(line.startswith("sleep") for line in running(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_a_signal_before_the_command_stops_the_server_and_runs_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    process = started(tmp_path, "touch", str(touched), start_new_session=True)
    wait_for_child(process.pid)
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert not touched.exists()


def test_a_signal_that_comes_while_the_command_is_started_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    signals = Signals()
    signals.received = signal.SIGTERM
    with subprocess.Popen(["sleep", "10"]) as command:
        signals.go_to(command)
    assert command.returncode == -signal.SIGTERM


def in_a_terminal(tmp_path: Path, code: str, *numbers: signal.Signals) -> tuple[bytes, int]:
    """What is shown when Ctrl-C is pressed, and then come signals; and the exit code."""
    script = script_of(tmp_path, text("0"))
    pid, terminal = pty.fork()
    if not pid:
        environ = clean_environment(tmp_path)
        os.chdir(ROOT)
        os.execve(RUN[0], [*RUN, str(script), "--", *PYTHON, code], environ)
    shown = b""
    try:
        while b"waits" not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        for number in numbers:
            os.kill(pid, number)
        while b"turns used" not in shown:
            shown += os.read(terminal, 1000)
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    return shown, os.waitstatus_to_exitcode(status)


def test_ctrl_c_in_a_terminal_reaches_the_command(tmp_path: Path) -> None:
    shown, code = in_a_terminal(tmp_path, WAITING)
    assert b"got 2\r\n" in shown
    assert code == 9


def test_ctrl_c_in_a_terminal_is_not_sent_on(tmp_path: Path) -> None:
    # In a group of its own, the command gets only what is sent to it.
    apart = f"import os; os.setpgid(0, 0)\n{WAITING}"
    shown, code = in_a_terminal(tmp_path, apart, signal.SIGTERM)
    assert b"got 15\r\n" in shown
    assert b"got 2\r\n" not in shown
    assert code == 9
