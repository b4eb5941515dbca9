"""What a worker is given by its master: files, connections, threads, signals; and how it ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.requests import request_to
from tests.running import GUNICORN, PATIENCE, ROOT, Server, clean_environment

BODY = request_to("chat")


def ask(server: Server) -> httpx.Response:
    return httpx.post(f"{server.base_url}/chat/completions", json=BODY, timeout=PATIENCE)


def connect(server: Server) -> socket.socket:
    host, port = server.origin.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def hold_three_up(server: Server, slow: ExitStack) -> None:
    """Three clients whose bodies do not come to their ends."""
    for _ in range(3):
        connection = slow.enter_context(connect(server))
        head = b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head + b"not all of it")


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open as many files as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_worker_holds_more_connections_than_the_shell_and_gunicorn_would_let_it(
    tmp_path: Path,
) -> None:
    """The shell allows 256 files, gunicorn a thousand connections."""
    limited = ["sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh", *GUNICORN, "wsgi:app"]
    with (
        Server(
            tmp_path, None, command=limited, LLMSIM_WORKERS="1", LLMSIM_KEEPALIVE="300"
        ) as server,
        ExitStack() as held,
    ):
        for _ in range(1_100):
            held.enter_context(connect(server))
        assert ask(server).status_code == 200


def test_a_worker_that_may_open_few_files_holds_fewer_connections_and_the_others_wait(
    tmp_path: Path,
) -> None:
    limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *GUNICORN, "wsgi:app"]
    with (
        Server(tmp_path, None, command=limited, LLMSIM_WORKERS="1", LLMSIM_KEEPALIVE="1") as server,
        ExitStack() as held,
    ):
        server.wait_for_log("serves 128 connections at once, .* no more than 256 files")
        for _ in range(140):
            held.enter_context(connect(server))
        assert ask(server).status_code == 200
        assert "Too many open files" not in server.log()


def test_gthread_of_the_command_line_has_threads_so_that_no_slow_client_stops_the_others(
    tmp_path: Path,
) -> None:
    with (
        Server(tmp_path, None, "-k", "gthread", LLMSIM_WORKERS="1", LLMSIM_THREADS="4") as server,
        ExitStack() as slow,
    ):
        hold_three_up(server, slow)
        assert ask(server).status_code == 200


def test_gthread_of_the_command_line_has_its_threads_after_a_reload_too(tmp_path: Path) -> None:
    with Server(tmp_path, None, "-k", "gthread", LLMSIM_WORKERS="1", LLMSIM_THREADS="4") as server:
        server.reload()
        with ExitStack() as slow:
            hold_three_up(server, slow)
            assert ask(server).status_code == 200


def test_a_signal_that_comes_before_a_worker_has_its_handlers_ends_it(tmp_path: Path) -> None:
    """Of the first three workers each gets another signal, within the fork that makes it."""
    (tmp_path / "conf.py").write_text(
        "import os, signal\n"
        "from llmsim.server.gunicorn_config import *\n"
        "early = {1: signal.SIGTERM, 2: signal.SIGINT, 3: signal.SIGQUIT}\n"
        "forks = []\n"
        "def in_child():\n"
        "    if len(forks) in early:\n"
        "        os.kill(os.getpid(), early[len(forks)])\n"
        "os.register_at_fork(before=lambda: forks.append(1), after_in_child=in_child)\n"
    )
    command = [GUNICORN[0], "-c", str(tmp_path / "conf.py"), "wsgi:app"]
    with Server(tmp_path, None, command=command, LLMSIM_WORKERS="3") as server:
        for name in ("SIGTERM", "SIGINT", "SIGQUIT"):
            server.wait_for_log(rf"Worker \(pid:\d+\) was sent {name}!")
        assert ask(server).status_code == 200


def test_a_worker_that_was_told_to_stop_ends_without_an_error(tmp_path: Path) -> None:
    with Server(tmp_path, None, LLMSIM_WORKERS="1") as server:
        (worker,) = server.worker_pids()
        start = len(server.log())
        os.kill(worker, signal.SIGTERM)
        server.wait_for_log("Booting worker", start=start)
        assert ask(server).status_code == 200
    assert "exited with code" not in server.log()


@pytest.mark.parametrize(
    ("content", "code"), [("import nowhere", 3), ("app = no_name", 3), ("other = None", 4)]
)
def test_an_application_that_no_worker_can_load_stops_the_server(
    tmp_path: Path, content: str, code: int
) -> None:
    """One worker: of two, the second may fail while gunicorn stops, and that is a traceback."""
    (tmp_path / "broken_app.py").write_text(content)
    variables = {"LLMSIM_PRELOAD": "false", "LLMSIM_WORKERS": "1"}
    variables["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(tmp_path)])
    ended = subprocess.run(
        [*GUNICORN, "broken_app:app"],
        cwd=ROOT,
        env=clean_environment(tmp_path, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == code, ended.stderr


def test_no_socket_is_made_in_the_home_directory(tmp_path: Path) -> None:
    """Gunicorn would listen there for commands, several servers on one path."""
    home = tmp_path / "home"
    home.mkdir()
    with Server(tmp_path, None, HOME=str(home), XDG_RUNTIME_DIR=str(home)) as server:
        assert ask(server).status_code == 200
        assert list(home.rglob("*")) == []
