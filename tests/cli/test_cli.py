"""The `llmsim` command, run as a user runs it."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from llmsim import __version__
from llmsim.apis import APIS
from llmsim.cli import COMMANDS, main
from tests.cli.command import command
from tests.each import for_each
from tests.requests import ROUTE_OF, request_to
from tests.running import PATIENCE, ROOT, Server, clean_environment, numbered, text, write_script

pytestmark = pytest.mark.slow  # the command is run in processes of its own

LLMSIM = str(Path(sys.executable).parent / "llmsim")
DEMO = ROOT / "config" / "scripts" / "demo.json"


def run(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    ended = command(*arguments)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def started(
    *arguments: str | Path, code: int = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """As `run`, in a process of its own."""
    ended = subprocess.run(
        [LLMSIM, *map(str, arguments)],
        env=clean_environment(Path("/tmp"), **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.parametrize("program", [[LLMSIM], [sys.executable, "-m", "llmsim"]])
def test_the_version_is_told(program: list[str]) -> None:
    printed = subprocess.run(
        [*program, "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert printed == f"llmsim {__version__}\n"


HELP = {
    "serve": ["until it is stopped", "--workers", "--bind"],
    "run": ["llmsim run my-script.json -- pytest", "--allow-left", "LLMSIM_URL", "127: "],
    "verify": ["exit code is 0", "--session NAME", "--prefix", "--junit", "LLMSIM_URL"],
    "validate": ["exit with 1", "SCRIPT"],
    "schema": ["JSON Schema"],
    "play": ["exact bytes", "--api {chat,responses,openresponses,anthropic}", "--position"],
}


def test_every_command_is_named_in_the_help_and_has_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [*COMMANDS]
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.findall(r"^    (\w+) +\w", capsys.readouterr().out, re.MULTILINE) == names
    assert [*HELP] == names


@pytest.mark.parametrize("command", HELP)
def test_a_commands_help_says_what_it_does_and_takes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert [words for words in HELP[command] if words not in shown] == []


def test_help_shows_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "OPENAI_BASE_URL=http://127.0.0.1:8080/openai/v1" in capsys.readouterr().out


def test_no_command_is_wrong_usage() -> None:
    assert "COMMAND" in started(code=2).stderr


@pytest.mark.parametrize("name", ["play", "run", "serve", "validate"])
def test_an_empty_path_is_neither_the_demo_script_nor_this_folder(name: str) -> None:
    rest = ["--", "true"] if name == "run" else []
    assert "the path is empty: is a variable not set?" in run(name, "", *rest, code=2).stderr


def test_validate_summarises_the_turns_of_each_script() -> None:
    printed = started("validate", *sorted((ROOT / "config" / "scripts").glob("*.json"))).stdout
    assert (
        f"{DEMO}: ok, 7 turns (3 assistant, 1 tool_calls, 1 mixed, 2 error), then loop\n" in printed
    )


def test_validate_shows_all_problems_of_all_scripts_and_goes_on(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(
        '{"on_exhaust": "loop",\n "turns": [{"type": "error", "kind": "ratelimit"},\n  '
        '{"type": "assistant", "text": null}]}'
    )
    ended = started("validate", wrong, tmp_path / "none.json", DEMO, code=1)
    assert [
        line.removeprefix(str(wrong)).split(": ")[0:2] for line in ended.stderr.splitlines()[:3]
    ] == [
        [":1:2", "$.on_exhaust"],
        [":2:38", "$.turns[0].kind"],
        [":3:33", "$.turns[1].text"],
    ]
    assert "none.json: cannot read the script" in ended.stderr
    assert "demo.json: ok" in ended.stdout


def test_validate_warns_of_ids_that_come_again(tmp_path: Path) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "a", "id": "call_1"}]}
    printed = run(
        "validate", write_script(tmp_path / "s.json", call, text("x"), on_exhausted="loop")
    ).stdout
    (warning,) = printed.splitlines()[1:]
    assert re.match(rf"{tmp_path}/s\.json:\d+:\d+: \$\.turns\[0\]\.calls\[0\]\.id: ", warning)
    assert warning.endswith(" (warning)")


def test_validate_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def validate(data: bytes) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return main(["validate", "-"])

    assert validate(b'\xef\xbb\xbf{"turns": [{"type": "assistant", "text": "x"}]}') == 0
    assert capsys.readouterr().out == "<stdin>: ok, 1 turn (1 assistant), then repeat_last\n"
    assert validate(b'{\n "turns": []}') == 1
    assert capsys.readouterr().err.startswith("<stdin>:2:11: $.turns: ")
    monkeypatch.setenv("LLMSIM_MAX_SCRIPT_MB", "1")
    assert validate(b" " * (2**20 + 1)) == 1
    assert "at least 1,048,577 bytes" in capsys.readouterr().err


def test_validate_obeys_the_size_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLMSIM_MAX_SCRIPT_MB", "1")
    script = write_script(tmp_path / "s.json", text("a" * 2**20))
    assert main(["validate", str(script)]) == 1
    assert "max_script_mb" in capsys.readouterr().err


def test_schema_prints_the_json_schema() -> None:
    schema = json.loads(started("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) >= {"turns", "on_exhausted", "description"}


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """A script, and a server that plays it: in each session from position 0."""
    folder = tmp_path_factory.mktemp("playing")
    script = write_script(
        folder / "s.json",
        text("a b"),
        {"type": "tool_calls", "calls": [{"name": "t"}]},
        {"type": "error", "kind": "timeout"},
    )
    with Server(folder, script) as server:
        yield script, server


@pytest.mark.parametrize("api", ROUTE_OF)
@pytest.mark.parametrize("stream", [False, True])
def test_play_prints_the_bytes_that_a_server_sends(
    playing: tuple[Path, Server], api: str, stream: bool
) -> None:
    script, server = playing
    hello = {"input": "Hello", "messages": [{"role": "user", "content": "Hello"}]}
    body = request_to(api, model="llmsim", stream=stream) | hello
    served = [
        httpx.post(f"{server.origin}/s/{api}-{stream}{ROUTE_OF[api]}", json=body, timeout=PATIENCE)
        for _ in range(3)
    ]
    flags = ["--stream"] if stream else []
    played = run("play", script, "--api", api, *flags)
    assert played.stderr == "position 0: HTTP 200\nposition 1: HTTP 200\nposition 2: HTTP 504\n"
    generation = served[0].headers["X-LLMSim-Generation"]
    expected = "".join(
        answer.text + ("" if stream and answer.status_code == 200 else "\n") for answer in served
    ).replace(generation, "0" * 16)
    assert timeless(played.stdout) == timeless(expected)


def timeless(text: str) -> str:
    """`text` without the times of day in it, and the ids that are drawn."""
    text = re.sub(r'"request_id":"req_[0-9a-f]{32}"', '"request_id":"req_"', text)
    return re.sub(r'"(created|created_at|completed_at)":\d+', r'"\1":0', text)


def test_play_shows_one_position_even_beyond_the_end(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(2), on_exhausted="error")
    assert (
        json.loads(run("play", script, "--position", "1").stdout)["choices"][0]["message"][
            "content"
        ]
        == "1"
    )
    ended = run("play", script, "--position", "2")
    assert ended.stderr == "position 2: HTTP 500\n"
    assert "script_exhausted" in ended.stdout
    for wrong in ("-1", "last"):
        refused = run("play", script, "--position", wrong, code=2).stderr
        assert f"--position: expected a whole number from 0 up, got {wrong!r}" in refused


@pytest.mark.parametrize("api", ["chat", "responses", "openresponses", "anthropic"])
def test_play_takes_what_the_user_says(tmp_path: Path, api: str) -> None:
    script = write_script(tmp_path / "s.json", {"type": "echo", "prefix": "You said: "})
    said = run("play", script, "--api", api, "--message", "one two three").stdout
    assert '"You said: one two three"' in said
    assert '"You said: Hello"' in run("play", script, "--api", api).stdout


def by_history(path: Path, *turns: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"order": "history", "on_exhausted": "error", "turns": turns}))
    return path


def test_play_says_what_a_history_gets_and_why(tmp_path: Path) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "bash"}]}
    limit = {"type": "error", "kind": "rate_limit"}
    script = by_history(tmp_path / "s.json", call, limit, text("Done."))
    name = "call_llmsim_00c0ff_0_0_0_0"
    function = {"name": "bash", "arguments": "{}"}
    history = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "tool_calls": [{"id": name, "function": function}]},
        {"role": "tool", "tool_call_id": name, "content": "ok"},
    ]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"messages": history}))
    played = run("play", script, "--history", body)
    assert played.stderr.splitlines() == [
        f"{name} is an answer of step 0; answers after it: 0",
        "step 1: turn 1 (error) once, then turn 2 (assistant)",
        "try 0: HTTP 429",
        "try 1: HTTP 200",
    ]
    assert "Done." in played.stdout
    history[1:] = [{"role": "assistant", "content": "4"}, history[0]]
    body.write_text(json.dumps({"messages": history}))
    said = run("play", script, "--history", body).stderr
    assert said.startswith(
        "the history has no id that says a step; answers counted in it: 1, of which 1 are not the "
        'script\'s ("steps": "own" leaves those out)\nstep 1: '
    )
    body.write_text(json.dumps({"messages": history[:1]}))
    said = run("play", script, "--history", body).stderr
    assert "\nstep 0: turn 0 (tool_calls)\n" in said


def test_play_shows_values_of_the_request_and_which_are_not_found(tmp_path: Path) -> None:
    ship = {"name": "ship", "arguments": {"id": {"$value": "results[-1].json.id"}}}
    turns: list[dict[str, Any]] = [
        {"type": "tool_calls", "calls": [ship]},
        {"type": "template", "text": "<{{ last }}>"},
    ]
    script = write_script(tmp_path / "s.json", *turns)
    played = run("play", script, "--message", "one two")
    assert "position 0: not found in the request: results[-1].json.id\n" in played.stderr
    assert played.stderr.count("not found") == 1
    assert '{\\"id\\":\\"\\"}' in played.stdout
    assert '"<one two>"' in played.stdout

    history = [
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "make"}}]},
        {"role": "tool", "tool_call_id": "c", "content": '{"id": 7}'},
    ]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"messages": history}))
    shipped = run("play", by_history(tmp_path / "h.json", text("x"), turns[0]), "--history", body)
    assert '{\\"id\\":7}' in shipped.stdout
    assert "not found" not in shipped.stderr


def test_play_tells_the_times_and_what_goes_wrong_and_waits_for_nothing(tmp_path: Path) -> None:
    slow = {"ttft_mean_ms": 600_000, "ttft_stddev_ms": 0, "tbt_mean_ms": 100, "tbt_stddev_ms": 0}
    said = text("one two three four") | {"latency": slow}
    script = write_script(
        tmp_path / "s.json",
        said,
        said | {"fault": "disconnect"},
        text("x") | {"fault": "truncate"},
        {"type": "error", "kind": "connection_reset"},
        text("x"),
    )
    assert run("play", script, "--stream").stderr.splitlines() == [
        "position 0: HTTP 200, first content after 600,000 ms, end after 600,300 ms",
        "position 1: HTTP 200, fault disconnect, first content after 600,000 ms, "
        "end after 600,100 ms, then the connection is reset",
        "position 2: HTTP 200, fault truncate",
        "position 3: no answer, then the connection is reset",
        "position 4: HTTP 200",
    ]
    plain = run("play", script).stderr.splitlines()
    assert plain[0] == "position 0: HTTP 200, first content after 600,400 ms, end after 600,400 ms"
    assert plain[2] == "position 2: HTTP 200, fault truncate, then the connection is closed"


def test_play_of_a_history_wants_a_script_that_looks_at_it(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"messages": [{"role": "user", "content": "Hi"}]}')
    script = write_script(tmp_path / "s.json", text("x"))
    ended = run("play", script, "--history", body, code=1)
    assert ended.stderr == (
        "llmsim: the script plays by arrival: what a request gets does not hang on its history; "
        'give the script "order": "history"\n'
    )
    assert "there is no file" in run("play", script, "--history", "none.json", code=2).stderr


def test_validate_says_the_order_and_which_errors_are_shared(tmp_path: Path) -> None:
    limit = {"type": "error", "kind": "rate_limit"}
    call = {"type": "tool_calls", "calls": [{"name": "bash"}]}
    printed = run("validate", by_history(tmp_path / "s.json", limit, call, limit, text("x"))).stdout
    assert "4 turns (2 error, 1 tool_calls, 1 assistant) by history, then error" in printed
    warned = [line for line in printed.splitlines() if "(warning)" in line]
    assert len(warned) == 1
    assert "$.turns[0]: no call stands before this turn" in warned[0]


def test_play_of_a_wrong_script_points_at_it(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")
    assert f"{tmp_path / 's.json'}:1:2" in run("play", tmp_path / "s.json", code=1).stderr


@for_each("asked", ["play", "validate"])
def test_where_a_disk_is_full_a_line_says_so(tmp_path: Path, asked: str) -> None:
    script = write_script(tmp_path / "s.json", *numbered(3))
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [LLMSIM, asked, script], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (
        1,
        ["llmsim: No space left on device"],
    )
    assert "Traceback" not in ended.stderr


def test_closed_streams_are_no_tracebacks(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(3))
    for asked, code in ((f"validate {script} >&-", 0), ("validate - <&-", 1)):
        ended = subprocess.run(
            ["sh", "-c", f"{LLMSIM} {asked}"], capture_output=True, text=True, check=False
        )
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr


def test_ctrl_c_ends_a_command_without_a_word() -> None:
    with subprocess.Popen(
        [LLMSIM, "validate", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as waiting:
        assert waiting.stdin
        assert waiting.stderr
        waiting.stdin.write(b"{" * 2**17)  # more than a pipe takes: it reads
        waiting.stdin.flush()
        while waiting.poll() is None:  # one that comes just before a read does not end it
            waiting.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                waiting.wait(1)
        assert waiting.returncode == 130
        assert waiting.stderr.read() == b""


def test_play_into_a_pipe_that_closes_does_not_complain(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(2000))
    ended = subprocess.run(
        f"{LLMSIM} play {script} 2>{tmp_path}/err | head -c 10",
        shell=True,
        capture_output=True,
        check=False,
    )
    assert len(ended.stdout) == 10
    assert "Traceback" not in (tmp_path / "err").read_text()
    assert "BrokenPipe" not in (tmp_path / "err").read_text()


def test_serve_is_the_same_server_with_options_that_win(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(5))
    command = [
        LLMSIM,
        "serve",
        str(script),
        "--workers",
        "1",
        "--bind",
        "127.0.0.1:0",
        "--models",
        "mine",
    ]
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Server(
            tmp_path,
            None,
            command=command,
            LLMSIM_WORKERS="3",
            LLMSIM_PORT=str(taken.getsockname()[1]),
        ) as server,
    ):
        assert f"plays {script} (5 turns, then repeat_last) on 1 gevent workers" in server.log()
        assert [
            model["id"]
            for model in httpx.get(f"{server.base_url}/models", timeout=PATIENCE).json()["data"]
        ] == ["mine"]
        write_script(script, text("new"))
        server.reload()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0


def test_the_help_of_serve_names_every_api_and_says_what_a_value_is() -> None:
    printed = run("serve", "--help").stdout
    assert [route for api in APIS for route in api.routes if f"POST {route}\n" not in printed] == []
    assert "OpenAI Chat Completions, Responses, OpenResponses and Anthropic Messages" in printed
    assert re.findall(r"\b(STR|INT|BOOL|TUPLE)\b", printed) == []
    for shown in (
        "--bind HOST:PORT",
        "--port PORT",
        "--workers N",
        "--preload true|false",
        "--keepalive SECONDS",
        "--max-body-mb MIB",
        "--public-url URL",
        "--models NAME,NAME,...",
        "--state-dir DIRECTORY",
        "--journal-mode full|meta|off",
        "--ready-file FILE",
    ):
        assert f"  {shown}" in printed
    assert "(LLMSIM_RETRY_AFTER; default: 0)" in " ".join(printed.split())


@pytest.mark.parametrize("given", [["--control-token", "s3cret"], ["--control-token=s3cret"]])
def test_a_key_on_the_command_line_is_refused(given: list[str]) -> None:
    printed = started("serve", *given, code=2).stderr
    assert "set LLMSIM_CONTROL_TOKEN, or name a file" in printed
    assert "s3cret" not in printed


def test_serve_of_a_wrong_script_points_at_it(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"turns": []}')
    assert f"{tmp_path / 's.json'}:1:11" in started("serve", tmp_path / "s.json", code=1).stderr


def test_an_installed_wheel_serves_the_demo_without_a_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel],
        check=True,
    )
    # The dependencies come from this environment; llmsim itself must be the wheel's.
    (site / "dependencies.pth").write_text(str(Path(httpx.__file__).parent.parent))
    command = [str(tmp_path / "venv" / "bin" / "python"), "-P", "-m", "llmsim", "serve"]
    with Server(tmp_path, None, command=command, PYTHONPATH="") as server:
        assert f"{site}/llmsim/config/scripts/demo.json (7 turns" in server.log()
        assert httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()["turns"] == 7


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    """A script with a track."""
    path = tmp_path / "tracks.json"
    track = {"name": "title", "when": {"first_contains": "title"}, "turns": [text("A title")]}
    path.write_text(json.dumps({"turns": numbered(2), "tracks": [track]}), "utf-8")
    return path


def test_validate_tells_of_each_track(tracks: Path) -> None:
    assert run("validate", tracks).stdout == (
        f"{tracks}: ok, track main: 2 turns (2 assistant), then repeat_last; "
        "track title: 1 turn (1 assistant), then repeat_last\n"
    )


def test_play_prints_the_turns_of_all_tracks_or_of_one(tracks: Path) -> None:
    played = run("play", tracks)
    assert played.stderr.splitlines() == [
        "track main, position 0: HTTP 200",
        "track main, position 1: HTTP 200",
        "track title, position 0: HTTP 200",
    ]
    (only,) = run("play", tracks, "--track", "title").stdout.splitlines()
    assert '"content":"A title"' in only
    assert '"content":"A title"' in played.stdout.splitlines()[2]
    assert run("play", tracks, "--track", "titel", code=1).stderr == (
        "llmsim: unknown track 'titel'; expected one of 'main', 'title'; did you mean 'title'?\n"
    )


def test_play_says_which_track_a_history_is_of(tracks: Path, tmp_path: Path) -> None:
    body = tmp_path / "request.json"
    body.write_text(json.dumps(request_to("chat", messages=[{"role": "user", "content": "title"}])))
    script = json.loads(tracks.read_text("utf-8"))
    said = run("play", tracks, "--history", body, code=1).stderr
    assert said.startswith("llmsim: the track 'title' plays by arrival")
    tracks.write_text(json.dumps(script | {"order": "history"}), "utf-8")
    played = run("play", tracks, "--history", body)
    assert played.stderr.startswith("the track is 'title'\n")
    assert "A title" in played.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two scripts, of which one has a weight."""
    path = tmp_path / "mix"
    path.mkdir()
    write_script(path / "buy.json", text("Bought."))
    spec = {"weight": 2, "turns": [text("Paid back.")]}
    (path / "refund.json").write_text(json.dumps(spec), "utf-8")
    return path


def test_validate_checks_a_folder_and_says_that_users_of_one_session_share_a_script(
    folder: Path,
) -> None:
    printed = run("validate", folder).stdout.splitlines()
    assert printed[0] == f"{folder}/buy.json: ok, 1 turn (1 assistant), then repeat_last"
    assert printed[2] == f"{folder}: ok, 2 scripts"
    assert printed[3].startswith(f"{folder}: refund: a script is chosen by weight")
    assert "all users behind one session get the same one" in printed[3]
    (folder / "buy.json").write_text("{}", "utf-8")
    (folder / "refund.json").write_text('{"turns": []}', "utf-8")
    assert run("validate", folder, code=1).stderr.splitlines() == [
        f"{folder}/buy.json:1:1: $: missing key 'turns'",
        f"{folder}/refund.json:1:11: $.turns: a script needs at least one turn",
    ]


def test_play_takes_a_script_of_a_folder_by_its_name(folder: Path) -> None:
    assert "Paid back." in run("play", folder, "--script", "refund").stdout
    assert run("play", folder, code=1).stderr == (
        "llmsim: name one of the folder's scripts with --script: buy, refund\n"
    )
    assert "did you mean 'refund'?" in run("play", folder, "--script", "refnd", code=1).stderr


def test_a_condition_that_may_change_is_told_at_its_line_where_the_setting_says_history(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script.json"
    track = {"name": "t", "when": {"last_role": "tool"}, "turns": [text("x")]}
    script.write_text(json.dumps({"tracks": [track]}), "utf-8")
    run("validate", script)
    ended = command("validate", script, LLMSIM_ORDER="history")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{script}:1:49: $.tracks[0].when.last_role: 'last_role' may")
