"""A real server through its life.

Start, reload, restart, death, and everything that may stop a start.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from llmsim.errors import LlmsimError
from llmsim.serving.shared import load_script
from llmsim.settings import Settings
from tests.processes import no_survivors, wait_until_gone
from tests.requests import request_to
from tests.running import (
    GUNICORN,
    PATIENCE,
    ROOT,
    Server,
    clean_environment,
    numbered,
    text,
    write_script,
)

PLACES = ("X-LLMSim-Position", "X-LLMSim-Turn", "X-LLMSim-Generation")


def ask(server: Server) -> httpx.Response:
    return httpx.post(
        f"{server.base_url}/chat/completions",
        json=request_to("chat"),
        timeout=PATIENCE,
    )


def said(response: httpx.Response) -> str:
    content: str = response.json()["choices"][0]["message"]["content"]
    return content


def position(response: httpx.Response) -> int:
    return int(response.headers["X-LLMSim-Position"])


def refused(
    tmp_path: Path, *arguments: str, command: list[str] | None = None, **variables: str
) -> str:
    """What a server prints that must not start: it exits with 1 and shows no traceback."""
    ended = subprocess.run(
        [*(command or [*GUNICORN, "wsgi:app"]), *arguments],
        cwd=ROOT,
        env=clean_environment(tmp_path, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = ended.stdout + ended.stderr
    assert ended.returncode == 1, output
    assert "Traceback" not in output
    return output


# Start


def test_the_start_line_names_script_turns_workers_and_base_urls(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(3), on_exhausted="loop")
    with Server(tmp_path, script, LLMSIM_WORKERS="3") as server:
        line = next(line for line in server.log().splitlines() if "base URLs" in line)
        assert f"plays {script} (3 turns, then loop) on 3 gevent workers" in line
        for base in ("/openai/v1", "/openresponses/v1", "/v1"):
            url = next(url for url in line.split() if url.endswith(base))
            assert httpx.get(url, timeout=PATIENCE).json()["name"] == "llmsim"


def test_without_a_script_the_demo_plays(tmp_path: Path) -> None:
    with Server(tmp_path, None) as server:
        assert said(ask(server)) == "Hello! What shall we build today?"
        assert "config/scripts/demo.json" in server.log()


def test_gunicorns_own_flags_win_and_the_start_line_knows(tmp_path: Path) -> None:
    with Server(tmp_path, None, "-w", "1", "-k", "gthread", LLMSIM_WORKERS="3") as server:
        assert "on 1 gthread workers" in server.log()
        assert ask(server).status_code == 200
        assert len(server.worker_pids()) == 1


def test_an_unknown_variable_gets_one_warning(tmp_path: Path) -> None:
    with Server(tmp_path, None, LLMSIM_WORKER="3") as server:
        assert server.log().count("did you mean 'LLMSIM_WORKERS'?") == 1


CONFIGURED = {
    "LLMSIM_BIND": ("127.0.0.1:7777", "bind = ['127.0.0.1:7777']"),
    "LLMSIM_WORKERS": ("7", "workers = 7"),
    "LLMSIM_WORKER_CLASS": ("sync", "worker_class = sync"),
    "LLMSIM_PRELOAD": ("false", "preload_app = False"),
    "LLMSIM_KEEPALIVE": ("77", "keepalive = 77"),
    "LLMSIM_TIMEOUT": ("78", "timeout = 78"),
    "LLMSIM_GRACEFUL_TIMEOUT": ("79", "graceful_timeout = 79"),
}


def configuration(tmp_path: Path, **variables: str) -> set[str]:
    """The lines in which gunicorn says what it was told."""
    environment = clean_environment(tmp_path)
    del environment["LLMSIM_PORT"]
    printed = subprocess.run(
        [*GUNICORN, "--print-config", "wsgi:app"],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {" ".join(line.split()) for line in printed.splitlines()}


def test_the_server_settings_reach_gunicorn(tmp_path: Path) -> None:
    printed = configuration(tmp_path, **{name: value for name, (value, _) in CONFIGURED.items()})
    assert {shown for _, shown in CONFIGURED.values()} <= printed


def test_the_number_of_workers_that_hosters_set_reaches_gunicorn(tmp_path: Path) -> None:
    assert "workers = 7" in configuration(tmp_path, WEB_CONCURRENCY="7")


@pytest.mark.parametrize(("worker_class", "threads"), [("gthread", 9), ("gevent", 1), ("sync", 1)])
def test_threads_count_for_gthread_alone(tmp_path: Path, worker_class: str, threads: int) -> None:
    settings = {"LLMSIM_THREADS": "9", "LLMSIM_WORKER_CLASS": worker_class}
    assert f"threads = {threads}" in configuration(tmp_path, **settings)


# What stops a start


def broken_scripts(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    (tmp_path / "folder").mkdir()
    deep = (
        b'{"turns":[{"type":"tool_calls","calls":[{"name":"a","arguments":'
        + b"[" * 10_000
        + b"]" * 10_000
        + b"}]}]}"
    )
    turn = b'{"type":"assistant","text":"a"}'
    return {
        "missing": (tmp_path / "missing.json", "No such file"),
        "directory": (tmp_path / "folder", "the folder holds no script"),
        "not UTF-8": (
            file("latin.json", b'{"turns":[{"type":"assistant","text":"\xe9"}]}'),
            "latin.json:1:39",
        ),
        "broken JSON": (
            file("broken.json", b'{"turns": [\n  {"type" "assistant"}]}'),
            "broken.json:2:11",
        ),
        "duplicate key": (
            file("twice.json", b'{"turns":[' + turn + b'],\n "turns":[]}'),
            "twice.json:2:2",
        ),
        "NaN": (
            file(
                "nan.json",
                b'{"turns":[\n{"type":"tool_calls","calls":[{"name":"a","arguments":NaN}]}]}',
            ),
            "nan.json:2:55",
        ),
        "too deep": (file("deep.json", deep), "deep.json:1:"),
        "invalid": (
            file("invalid.json", b'{"turns":[\n {"type":"error","kind":"ratelimit"}]}'),
            "invalid.json:2:25: $.turns[0].kind: unknown error kind",
        ),
        "empty": (file("empty.json", b'{"turns": []}'), "empty.json:1:11"),
        "no object": (file("list.json", b"[]"), "list.json:1:1"),
        "too large": (
            file("large.json", b'{"description":"' + b"a" * 2**20 + b'","turns":[' + turn + b"]}"),
            "max_script_mb",
        ),
    }


@pytest.mark.parametrize("case", ["missing", "invalid", "too large"])
def test_a_script_that_cannot_be_played_stops_the_start_and_is_pointed_at(
    tmp_path: Path, case: str
) -> None:
    path, shown = broken_scripts(tmp_path)[case]
    output = refused(tmp_path, LLMSIM_SCRIPT_PATH=str(path), LLMSIM_MAX_SCRIPT_MB="1")
    assert shown in output
    assert str(path) in output


def test_whatever_keeps_a_script_from_being_played_is_an_error_that_stops_a_start(
    tmp_path: Path,
) -> None:
    """As a server that starts loads it; these two kinds of errors stop it."""
    for case, (path, shown) in broken_scripts(tmp_path).items():
        with pytest.raises((LlmsimError, OSError)) as caught:
            load_script(Settings(script_path=str(path), max_script_mb=1))
        assert shown in str(caught.value), case
        assert str(path) in str(caught.value), case


def test_an_unreadable_script_stops_the_start(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "not a regular file" in refused(tmp_path, LLMSIM_SCRIPT_PATH=str(fifo))


def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    assert "LLMSIM_WORKERS: expected a whole number, got 'x'" in refused(
        tmp_path, LLMSIM_WORKERS="x"
    )
    assert "--workers: expected a whole number, got 'x'" in refused(
        tmp_path, command=[sys.executable, "-m", "llmsim", "serve", "--workers", "x"]
    )


def test_a_taken_port_stops_the_start_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        output = refused(tmp_path, LLMSIM_PORT=str(port))
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in output
        assert "Connection in use" not in output, "gunicorn tried for five seconds"


def test_a_state_directory_that_is_not_ours_alone_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "it is a symbolic link" in refused(tmp_path, LLMSIM_STATE_DIR=str(tmp_path / "link"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert "others may write into it" in refused(tmp_path, LLMSIM_STATE_DIR=str(tmp_path / "open"))
    (tmp_path / "file").write_text("")
    assert "it is not a directory" in refused(tmp_path, LLMSIM_STATE_DIR=str(tmp_path / "file"))
    assert "cannot use the state directory" in refused(tmp_path, LLMSIM_STATE_DIR="/proc/nowhere")


def test_workers_of_another_user_stop_the_start(tmp_path: Path) -> None:
    output = refused(tmp_path, "--user", "54321")
    assert (
        "cannot start: workers of user id 54321 (--user) could not open the state files" in output
    )


def test_a_start_that_finds_no_room_says_where_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """No file may be larger than a megabyte, and the log says so where it is a file."""
    command = ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh", *GUNICORN, "wsgi:app"]
    output = refused(tmp_path, "--error-logfile", str(tmp_path / "log"), command=command)
    assert re.search(r"cannot write into the state directory /\S+: File too large", output)
    assert re.search(r"\[ERROR\] llmsim cannot start: .*too large", (tmp_path / "log").read_text())
    assert list(tmp_path.glob("llmsim-*")) == []


def test_a_cursor_file_of_another_make_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "cursors").write_bytes(b"something else")
    assert "was not written by this version" in refused(
        tmp_path, LLMSIM_STATE_DIR=str(tmp_path / "state")
    )


# State


def test_the_private_directory_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        with Server(tmp_path, None) as server:
            (directory,) = server.state_dirs()
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            modes = {
                (path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in directory.rglob("*")
            }
            assert modes == {(False, 0o600), (True, 0o700)}
            server.process.send_signal(ending)
            server.process.wait(20)
            assert server.state_dirs() == []


def test_what_a_killed_server_left_is_swept_by_the_next_and_a_living_ones_is_not(
    tmp_path: Path,
) -> None:
    with Server(tmp_path, None) as living, Server(tmp_path, None) as killed:
        workers = killed.worker_pids()
        (dead_directory,) = set(killed.state_dirs()) - {living_directory(living)}
        killed.process.kill()
        killed.process.wait()
        wait_until_gone(workers)
        assert dead_directory.exists()
        with Server(tmp_path, None):
            assert not dead_directory.exists()
            assert living_directory(living).exists()
            assert ask(living).status_code == 200


def living_directory(server: Server) -> Path:
    held = [
        path
        for path in server.state_dirs()
        if (path / "holder").read_text() == str(server.process.pid)
    ]
    return held[0]


def test_a_fresh_start_begins_at_0_and_a_durable_one_goes_on(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    state = str(tmp_path / "state")
    generations = set()
    for expected in (0, 2):
        with Server(tmp_path, script, LLMSIM_STATE_DIR=state) as server:
            for offset in (0, 1):
                response = ask(server)
                assert position(response) == expected + offset
                generations.add(response.headers["X-LLMSim-Generation"])
    assert len(generations) == 1
    assert "continuing at position 2" in server.log()
    with Server(tmp_path, script) as server:
        assert position(ask(server)) == 0


def test_a_durable_start_with_a_changed_script_rewinds_and_says_so(tmp_path: Path) -> None:
    script, state = tmp_path / "s.json", str(tmp_path / "state")
    write_script(script, text("a"))
    with Server(tmp_path, script, LLMSIM_STATE_DIR=state) as server:
        first = ask(server).headers["X-LLMSim-Generation"]
    write_script(script, text("b"))
    with Server(tmp_path, script, LLMSIM_STATE_DIR=state) as server:
        assert "the script has changed since the last run" in server.log()
        response = ask(server)
    assert (position(response), said(response)) == (0, "b")
    assert response.headers["X-LLMSim-Generation"] != first


def test_a_second_server_on_one_state_directory_is_refused_with_the_firsts_pid(
    tmp_path: Path,
) -> None:
    state = str(tmp_path / "state")
    with Server(tmp_path, None, LLMSIM_STATE_DIR=state) as server:
        output = refused(tmp_path, LLMSIM_STATE_DIR=state)
        assert f"in use by a running llmsim (process {server.process.pid})" in output
        assert ask(server).status_code == 200


def test_after_a_kill_of_the_master_a_durable_directory_can_be_used_at_once(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with Server(tmp_path, None, LLMSIM_STATE_DIR=state) as server:
        ask(server)
        server.process.kill()
        server.process.wait()
        with Server(tmp_path, None, LLMSIM_STATE_DIR=state) as following:
            assert position(ask(following)) == 1


# Reload


def test_a_reload_of_the_same_script_rewinds_nothing(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(tmp_path, script) as server:
        before = ask(server)
        document = json.loads(script.read_text())
        script.write_text(
            json.dumps(document | {"description": "a comment changes nothing"}, indent=2)
        )
        server.reload()
        after = ask(server)
        assert (position(after), said(after)) == (1, "1")
        assert after.headers["X-LLMSim-Generation"] == before.headers["X-LLMSim-Generation"]
        assert "is unchanged; cursors go on" in server.log()


def test_a_reload_of_a_changed_script_replaces_it_and_rewinds(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(tmp_path, script) as server:
        before = ask(server)
        write_script(script, text("new"))
        server.reload()
        after = ask(server)
        assert (position(after), said(after)) == (0, "new")
        assert after.headers["X-LLMSim-Generation"] != before.headers["X-LLMSim-Generation"]


def test_a_reload_of_a_wrong_script_is_refused_in_the_log_and_the_old_one_goes_on(
    tmp_path: Path,
) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(tmp_path, script) as server:
        ask(server)
        script.write_text('{"turns": [\n  {"type": "asistant", "text": "x"}]}')
        server.reload()
        assert f"{script}:2:12: $.turns[0].type: unknown turn type 'asistant'" in server.log()
        assert (position(ask(server)), said(ask(server))) == (1, "2")
        script.unlink()
        server.reload()
        assert position(ask(server)) == 3
        write_script(script, text("mended"))
        server.reload()
        assert said(ask(server)) == "mended"


def test_a_file_that_is_edited_without_a_reload_changes_nothing_even_for_a_new_worker(
    tmp_path: Path,
) -> None:
    script = write_script(tmp_path / "s.json", *numbered(50))
    with Server(tmp_path, script) as server:
        write_script(script, text("edited"))
        for pid in server.worker_pids():
            os.kill(pid, signal.SIGKILL)
            wait_until_gone([pid])
        for expected in range(6):
            assert said(ask(server)) == str(expected)


# Other ways to run


def test_usr2_hands_the_cursor_over_to_the_new_master(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    script = write_script(tmp_path / "s.json", *numbered(50))
    with Server(tmp_path, script, "--pid", str(pidfile)) as server, no_survivors(tmp_path):
        assert position(ask(server)) == 0
        start = len(server.log())
        server.process.send_signal(signal.SIGUSR2)
        server.wait_for_log("continuing at position 1", start=start)
        new_master = int(Path(f"{pidfile}.2").read_text())
        assert position(ask(server)) == 1
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        assert [position(ask(server)) for _ in range(4)] == [2, 3, 4, 5]
        assert len(server.state_dirs()) == 1
        os.kill(new_master, signal.SIGTERM)
        wait_until_gone([new_master])
        assert server.state_dirs() == []


def test_a_python_that_drops_docstrings_serves(tmp_path: Path) -> None:
    command = [sys.executable, "-OO", *GUNICORN, "wsgi:app"]
    with Server(tmp_path, None, command=command, LLMSIM_WORKERS="1") as server:
        assert position(ask(server)) == 0


def test_gunicorn_without_the_hooks_is_refused_rather_than_served_inexactly(tmp_path: Path) -> None:
    command = [GUNICORN[0], "llmsim.app:create_app()", "-b", "127.0.0.1:0", "-w", "2"]
    with bare_gunicorn(tmp_path, command) as origin:
        response = httpx.post(
            f"{origin}/v1/chat/completions",
            json=request_to("chat"),
            timeout=PATIENCE,
        )
        assert response.status_code == 503
        assert "gunicorn -c gunicorn.conf.py wsgi:app" in response.json()["error"]["message"]
        assert "LLMSIM_STATE_DIR" in response.json()["error"]["message"]
        assert httpx.get(f"{origin}/health", timeout=PATIENCE).status_code == 503


def test_gunicorn_without_the_hooks_is_exact_over_a_shared_state_directory(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(50))
    command = [GUNICORN[0], "llmsim.app:create_app()", "-b", "127.0.0.1:0", "-w", "3"]
    variables = {"LLMSIM_STATE_DIR": str(tmp_path / "state"), "LLMSIM_SCRIPT_PATH": str(script)}
    with bare_gunicorn(tmp_path, command, **variables) as origin:
        body = request_to("chat")
        answers: list[httpx.Response] = []
        workers: set[str] = set()
        while len(answers) < 20 or (
            len(workers) < 2 and len(answers) < 2_000
        ):  # the others may still be starting
            answers.append(httpx.post(f"{origin}/v1/chat/completions", json=body, timeout=PATIENCE))
            workers.add(answers[-1].headers["X-LLMSim-Worker"])
        assert [position(answer) for answer in answers] == list(range(len(answers)))
        assert len(workers) > 1


class bare_gunicorn:
    """gunicorn without llmsim's configuration.

    In another folder, since it would find the one in the checkout by itself.
    """

    def __init__(self, tmp_path: Path, command: list[str], **variables: str) -> None:
        self.log = tmp_path / "bare.log"
        self.command, self.environment = command, clean_environment(tmp_path, **variables)

    def __enter__(self) -> str:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.log.parent,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while "Booting worker" not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return self.log.read_text().split("Listening at: ")[1].split()[0]

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.wait(20)


def test_an_application_in_one_process_needs_no_server(tmp_path: Path) -> None:
    program = (
        "from llmsim.app import create_app\n"
        "client = create_app().test_client()\n"
        "body = {'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]}\n"
        "for _ in range(3): print(client.post('/v1/chat/completions', "
        "json=body).headers['X-LLMSim-Position'])\n"
    )
    environment = clean_environment(tmp_path)
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["0", "1", "2"]
    assert list(tmp_path.glob("llmsim-*")) == []


# The body limit, over a real connection


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_a_body_over_the_limit_is_not_read_to_its_end(tmp_path: Path, worker_class: str) -> None:
    block = b"x" * 65536
    ways = {
        b"Content-Length: 1000000000": block,
        b"Transfer-Encoding: chunked": b"%x\r\n%s\r\n" % (len(block), block),
    }
    with Server(tmp_path, None, LLMSIM_MAX_BODY_MB="1", LLMSIM_WORKER_CLASS=worker_class) as server:
        host, port = server.origin.removeprefix("http://").split(":")
        for kind, sent_again in ways.items():
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                head = b"POST /v1/responses HTTP/1.1\r\nHost: x\r\n" + kind
                connection.sendall(head + b"\r\n\r\n")
                answer, sent = send_and_listen(connection, sent_again)
            assert b"413" in answer.split(b"\r\n")[0], kind
            assert b"request_too_large" in answer, kind
            assert sent < 50_000_000, kind
        assert httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()["position"] == 0


def send_and_listen(connection: socket.socket, block: bytes) -> tuple[bytes, int]:
    """Send for as long as the connection takes it, whatever comes back.

    What came back, and how many bytes went out: of 200 MB at most.
    """
    received, sent = b"", 0
    with suppress(ConnectionError):
        while sent < 200_000_000:
            connection.settimeout(PATIENCE)
            sent += connection.send(block)
            connection.setblocking(False)
            with suppress(BlockingIOError):
                received += connection.recv(65536)
    with suppress(ConnectionError, BlockingIOError):
        while part := connection.recv(65536):
            received += part
    return received, sent
