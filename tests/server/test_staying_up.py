"""A server whose state is out of reach: every API says so, nothing is taken, and it recovers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock

from llmsim.store.mmap_store import TABLE_NAME
from tests.processes import wait_until_gone
from tests.requests import CHAT, FOR_ALL, ROUTE_OF
from tests.running import GUNICORN, PATIENCE, Server, numbered, write_script
from tests.server.test_lifecycle import bare_gunicorn, refused
from tests.store.test_table_file import damaged, made, row_of
from tests.stress.forks import fork, kill

pytestmark = pytest.mark.slow  # servers are started and stopped

ASKED: dict[str, dict[str, Any]] = {route: FOR_ALL for route in ROUTE_OF.values()}
ASKED["/llmsim/sessions"] = {}


def ask(server: Server, path: str = CHAT) -> httpx.Response:
    return httpx.post(f"{server.origin}{path}", json=ASKED[path], timeout=PATIENCE)


def message(response: httpx.Response) -> str:
    found = response.json()
    return str(found["error"]["message"] if "error" in found else found["message"])


def table_of(server: Server) -> Path:
    (directory,) = server.state_dirs()
    return directory / TABLE_NAME


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_a_lock_that_is_held_for_ever_is_a_503_that_takes_nothing(
    tmp_path: Path, worker_class: str
) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(
        tmp_path, script, LLMSIM_LOCK_TIMEOUT="1", LLMSIM_WORKER_CLASS=worker_class
    ) as server:
        assert ask(server).headers["X-LLMSim-Position"] == "0"
        with FileLock(table_of(server)), ThreadPoolExecutor() as clients:
            waiting = [clients.submit(ask, server, path) for path in ASKED]
            health = clients.submit(httpx.get, f"{server.origin}/health", timeout=PATIENCE)
            answers = [future.result() for future in [*waiting, health]]
        for answer in answers:
            assert answer.status_code == 503, answer.text
            assert "held by another process for 1 s" in message(answer)
        assert answers[3].json()["type"] == "error"  # Anthropic's own shape
        assert ask(server).headers["X-LLMSim-Position"] == "1"
        assert httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()["position"] == 2


def test_others_are_served_while_a_request_waits_for_the_lock(tmp_path: Path) -> None:
    with Server(tmp_path, None, LLMSIM_LOCK_TIMEOUT="30", LLMSIM_WORKERS="1") as server:
        lock = FileLock(table_of(server))
        lock.acquire()
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(ask, server)
            for _ in range(20):
                assert httpx.get(server.origin, timeout=PATIENCE).status_code == 200
                time.sleep(0.01)
            lock.release()
            assert waiting.result().status_code == 200


def test_a_process_that_is_stopped_with_the_lock_in_hand_stops_nobody_for_good(
    tmp_path: Path,
) -> None:
    with Server(tmp_path, None, LLMSIM_LOCK_TIMEOUT="1") as server:
        table = table_of(server)

        def hold() -> None:
            lock = FileLock(table)
            lock.acquire()
            os.kill(os.getpid(), signal.SIGSTOP)

        holder = fork(hold)
        os.waitpid(holder, os.WUNTRACED)
        assert ask(server).status_code == 503
        kill(holder)
        assert ask(server).status_code == 200


def test_a_worker_without_the_hooks_is_not_frozen_by_a_lock_that_is_held(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    lock = FileLock(made(state))
    lock.acquire()
    command = [GUNICORN[0], "llmsim.app:create_app()", "-b", "127.0.0.1:0", "-k", "gevent"]
    variables = {
        "LLMSIM_STATE_DIR": str(state),
        "LLMSIM_MAX_SESSIONS": "10",
        "LLMSIM_LOCK_TIMEOUT": "1",
    }
    with bare_gunicorn(tmp_path, command, **variables) as origin, ThreadPoolExecutor() as clients:

        def post() -> int:
            return httpx.post(f"{origin}{CHAT}", json=FOR_ALL, timeout=PATIENCE).status_code

        waiting = [clients.submit(post) for _ in range(3)]
        assert [future.result() for future in waiting] == [503] * 3
        lock.release()
        assert post() == 200


@pytest.mark.parametrize("replaced", [False, True])
def test_a_state_directory_that_vanishes_is_a_503_on_every_worker(
    tmp_path: Path, replaced: bool
) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(tmp_path, script, LLMSIM_WORKERS="3") as server:
        for _ in range(5):
            assert ask(server).status_code == 200
        (directory,) = server.state_dirs()
        shutil.copytree(directory, tmp_path / "copy")
        shutil.rmtree(directory)
        if replaced:
            (tmp_path / "copy").rename(directory)
        time.sleep(0.5)
        assert_all_say_so(server)
        old = server.worker_pids()
        for pid in old[:2]:
            os.kill(pid, signal.SIGKILL)
            wait_until_gone([pid])
        assert_all_say_so(server)


def assert_all_say_so(server: Server) -> None:
    for path in [*ASKED] * 4:
        answer = ask(server, path)
        assert answer.status_code == 503, answer.text
        assert re.search("was removed or replaced|No such file", message(answer))
    health = httpx.get(f"{server.origin}/health", timeout=PATIENCE)
    assert health.status_code == 503
    assert re.search("was removed or replaced|No such file", message(health))


def test_a_damaged_table_is_refused_at_the_start_in_one_sentence(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    path = made(state)
    damaged(path, row_of(path.read_bytes(), "a") + 64, b"\x63")
    output = refused(tmp_path, LLMSIM_STATE_DIR=str(state), LLMSIM_MAX_SESSIONS="10")
    (sentence,) = [line for line in output.splitlines() if "damaged" in line]
    assert sentence.startswith(f"Error: llmsim cannot start: {path} is damaged (row ")
    assert sentence.endswith("or name another one.")


# The log


def test_every_line_of_the_log_has_a_time_and_a_process_id(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    with Server(tmp_path, script, LLMSIM_WORKERS="1", LLMSIM_WORKR="1") as server:
        script.write_text('{"turns": [{"type": "x"}, {"type": "y"}]}')
        server.reload()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        lines = server.log().splitlines()
    assert [line for line in lines if "$.turns[1].type" in line]
    assert [line for line in lines if not re.match(LINE, line)] == []


LINE = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[[A-Z]+\] \S"


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_what_a_worker_logs_of_an_error_of_its_own_has_them_too(
    tmp_path: Path, worker_class: str
) -> None:
    (tmp_path / "broken.py").write_text(
        "from llmsim.app import create_served_app\n"
        "from llmsim.serving import index, hot_path\n"
        "import llmsim.serving.models, warnings\n"
        "def fail(*_, **__): warnings.warn('beware'); raise ZeroDivisionError('on purpose')\n"
        "hot_path.answer = fail\n"
        "index.base_urls = fail\n"
        "app = create_served_app()\n"
    )
    command = [*Server(tmp_path, None)._command[:-1], "broken:app", "-k", worker_class]
    path = f"{tmp_path}:{os.getcwd()}"
    with Server(tmp_path, None, command=command, PYTHONPATH=path) as server:
        assert ask(server).status_code == 500
        assert httpx.get(server.origin, timeout=PATIENCE).status_code == 500
        server.wait_for_log("(?s)on purpose.*on purpose")
        server.wait_for_log("beware")
        for wanted in (f"Cannot answer {CHAT}", "Exception on / ", "beware"):
            (line,) = [line for line in server.log().splitlines() if wanted in line][:1]
            assert re.match(LINE, line), line
