"""The numbers are those of all workers of a server, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families_of

from tests.metrics.serving import BODY, ask, stats, stats_when
from tests.processes import wait_until_gone
from tests.redis_server import RedisServer
from tests.requests import CHAT
from tests.running import GUNICORN, PATIENCE, Server, clean_environment, text, write_script
from tests.server.test_handover import new_master
from tests.server.test_lifecycle import bare_gunicorn

pytestmark = pytest.mark.slow  # servers are started and stopped

SLOW = {"ttft_mean_ms": 0, "tbt_mean_ms": 100}
STREAM = text("word " * 5000) | {"latency": SLOW}


@contextmanager
def running(tmp_path: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    path = write_script(tmp_path / "s.json", text("a"))
    with Server(tmp_path, path, *arguments, **variables) as server:
        yield server


@contextmanager
def streaming(server: Server) -> Iterator[int]:
    """A stream of the session `slow` on its way; the process id of the worker that sends it."""
    httpx.put(f"{server.origin}/llmsim/sessions/slow/script", json={"turns": [STREAM]})
    url = f"{server.origin}/s/slow{CHAT}"
    with httpx.stream("POST", url, json=BODY | {"stream": True}, timeout=PATIENCE) as answer:
        pieces = answer.iter_bytes()  # without it the client would leave here
        next(pieces)
        yield int(answer.headers["X-LLMSim-Worker"].rpartition(":")[2])


def files(server: Server) -> list[str]:
    (directory,) = server.state_dirs()
    return sorted(path.name for path in (directory / "metrics").iterdir())


@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_all_workers_are_one_and_none_is_lost_with_its_worker(
    tmp_path: Path, worker_class: str
) -> None:
    with running(tmp_path, LLMSIM_WORKER_CLASS=worker_class, LLMSIM_WORKERS="3") as server:
        ask(server, 12)
        assert stats(server)["total_requests"] == 12
        workers = server.worker_pids()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        wait_until_gone(workers)
        assert stats(server)["total_requests"] == 12
        ask(server, 3)
        server.reload()
        found = stats(server)
        assert (found["total_requests"], found["active_requests"]) == (15, 0)
        assert found["requests_by_status"] == {"200": 15}


def test_a_stream_is_active_until_its_client_leaves_or_its_worker_is_killed(
    tmp_path: Path,
) -> None:
    with running(tmp_path, LLMSIM_WORKERS="2") as server:
        with streaming(server):
            found = stats(server)
            assert (found["active_requests"], found["active_streams"]) == (1, 1)
        left = stats_when(server, lambda found: not found["active_streams"])
        assert (left["active_requests"], left["aborted"], left["total_requests"]) == (0, 1, 1)
        with streaming(server) as worker:
            with streaming(server):
                assert stats(server)["active_streams"] == 2
            os.kill(worker, signal.SIGKILL)
            wait_until_gone([worker])
            killed = stats_when(server, lambda found: not found["active_streams"])
            assert killed["active_requests"] == 0


def test_workers_that_are_replaced_leave_one_file(tmp_path: Path) -> None:
    with running(tmp_path, "--max-requests", "2", LLMSIM_WORKERS="2") as server:
        ask(server, 20)
        found = stats(server)
        assert found["total_requests"] == 20
        assert len([name for name in files(server) if name.endswith(".live")]) <= 3
        assert [name for name in files(server) if not name.endswith(".live")] == [
            "ended",
            "folding",
        ]


def test_a_master_puts_together_what_its_dead_workers_have_counted(tmp_path: Path) -> None:
    with running(tmp_path, LLMSIM_WORKERS="2") as server:
        ask(server, 6)
        workers = server.worker_pids()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while any(name.endswith(".live") for name in files(server)):  # and nobody reads
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert stats(server)["total_requests"] == 6


def test_a_new_master_goes_on_counting_where_the_old_one_was(tmp_path: Path) -> None:
    with running(tmp_path, "--pid", str(tmp_path / "pid")) as server:
        ask(server, 3)
        with new_master(server):
            ask(server, 4)
            assert stats(server)["total_requests"] == 7
        assert stats(server)["total_requests"] == 7


def test_a_new_master_that_ends_takes_no_numbers_along(tmp_path: Path) -> None:
    arguments = ("--pid", str(tmp_path / "pid"))
    with running(tmp_path, *arguments) as server, new_master(server) as master:
        ask(server, 6)
        master.send_signal(signal.SIGTERM)
        master.wait(20)
        ask(server, 2)
        assert stats(server)["total_requests"] == 8


def test_without_preloading_workers_are_one_as_well(tmp_path: Path) -> None:
    with running(tmp_path, LLMSIM_PRELOAD="false", LLMSIM_WORKERS="3") as server:
        ask(server, 9)
        assert stats(server)["total_requests"] == 9
        assert len([name for name in files(server) if name.endswith(".live")]) <= 3


def test_a_server_that_is_to_count_nothing_keeps_no_numbers(tmp_path: Path) -> None:
    with running(tmp_path, LLMSIM_METRICS="false") as server:
        ask(server, 3)
        (directory,) = server.state_dirs()
        assert not (directory / "metrics").exists()
        for path in ("/metrics", "/llmsim/stats"):
            assert httpx.get(server.origin + path, timeout=PATIENCE).status_code == 404


def test_each_start_counts_anew_and_an_end_leaves_nothing_private_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for _ in range(2):
        with running(tmp_path, LLMSIM_STATE_DIR=str(state)) as server:
            ask(server, 2)
            assert stats(server)["total_requests"] == 2
            assert (state / "metrics").stat().st_mode & 0o777 == 0o700
            assert {path.stat().st_mode & 0o777 for path in (state / "metrics").iterdir()} == {
                0o600
            }
    with running(tmp_path) as server:
        ask(server)
    assert server.state_dirs() == []


def test_prometheus_finds_all_workers_at_one_address(tmp_path: Path) -> None:
    with running(tmp_path, LLMSIM_WORKERS="3") as server:
        ask(server, 9, stream=True)
        text = httpx.get(f"{server.origin}/metrics", timeout=PATIENCE).text
        found = {sample.name: sample for each in families_of(text) for sample in each.samples}
        assert found["llmsim_requests_total"].value == 9
        assert found["llmsim_claim_seconds_count"].value == 9
        assert found["llmsim_sessions"].value == 1


def test_with_redis_each_host_counts_its_own_requests(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="redis-") as name, RedisServer(Path(name)) as redis:
        hosts = [tmp_path / "one", tmp_path / "other"]
        for host in hosts:
            host.mkdir()
        with (
            running(hosts[0], LLMSIM_STORE=redis.url) as one,
            running(hosts[1], LLMSIM_STORE=redis.url) as other,
        ):
            ask(one, 5)
            ask(other, 2, user="x")
            for server, number in ((one, 5), (other, 2)):
                for pid in server.worker_pids():
                    os.kill(pid, signal.SIGKILL)
                found = stats(server)
                assert (found["total_requests"], found["sessions"]) == (number, 1)
        assert [path for host in hosts for path in host.glob("llmsim-*")] == []


def test_workers_of_another_server_that_share_a_state_directory_count_together(
    tmp_path: Path,
) -> None:
    command = [GUNICORN[0], "llmsim.app:create_app()", "-b", "127.0.0.1:0", "-w", "3"]
    state = tmp_path / "state"
    with bare_gunicorn(tmp_path, command, LLMSIM_STATE_DIR=str(state)) as origin:
        asked: set[str] = set()
        done = 0
        while done < 10 or len(asked) < 2:
            answer = httpx.post(origin + CHAT, json=BODY, timeout=PATIENCE)
            if answer.status_code == 200:  # those that start find no script yet
                done += 1
                asked.add(answer.headers["X-LLMSim-Worker"])
        found = httpx.get(f"{origin}/llmsim/stats", timeout=PATIENCE).raise_for_status().json()
        assert found["requests_by_status"]["200"] == done


def test_an_application_in_one_process_counts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "from llmsim.app import create_app\n"
        "client = create_app().test_client()\n"
        f"for _ in range(3): client.post({CHAT!r}, json={BODY!r}).get_data()\n"
        "print(client.get('/llmsim/stats').get_json()['total_requests'])\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["3"]
    assert list(tmp_path.glob("llmsim-*")) == []
