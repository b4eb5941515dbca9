"""How a server is reached, and how it says so: its address, the ready file, `/health`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from llmsim import __version__
from tests.running import GUNICORN, PATIENCE, Server, numbered, write_script
from tests.server.test_lifecycle import refused

pytestmark = pytest.mark.slow  # servers are started and stopped
SERVE = [sys.executable, "-m", "llmsim", "serve"]


def test_the_ready_file_names_the_base_urls_and_goes_with_the_server(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("of a run that was killed")
    command = [*SERVE, "--port", "0", "--ready-file", str(ready)]
    with Server(tmp_path, None, command=command, LLMSIM_PORT="1") as server:
        said = json.loads(ready.read_text())
        assert said["base_urls"]["openai"] == server.base_url
        assert said["origin"] == server.origin
        assert (said["pid"], said["version"]) == (server.process.pid, __version__)
        assert said["turns"] == 7
        assert httpx.get(said["base_urls"]["anthropic"], timeout=PATIENCE).status_code == 200
        assert [path.name for path in tmp_path.glob("ready*")] == ["ready.json"]
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
    assert not ready.exists()


def test_a_server_with_tls_says_so_in_its_addresses(tmp_path: Path) -> None:
    certificate, key, ready = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "ready"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=x"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    files = ("--certfile", certificate, "--keyfile", key)
    with Server(tmp_path, None, *files, LLMSIM_READY_FILE=ready) as server:
        said = json.loads(Path(ready).read_text())
        assert said["origin"] == server.origin
        assert said["base_urls"]["anthropic"] == f"{server.origin}/anthropic"
        assert server.origin.startswith("https://")


def test_a_ready_file_is_not_there_before_the_server_is_ready(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("of a run that was killed")
    output = refused(tmp_path, LLMSIM_READY_FILE=str(ready), LLMSIM_MAX_SESSIONS="1000000000")
    assert "LLMSIM_MAX_SESSIONS" in output
    assert not ready.exists()


def test_a_ready_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "no" / "ready.json"
    output = refused(tmp_path, LLMSIM_READY_FILE=str(path))
    assert f"llmsim cannot start: cannot write the ready file {path}: No such file" in output
    assert [*tmp_path.glob("llmsim-*")] == [], "its state is left behind"


def test_a_ready_file_passes_to_the_next_master(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with Server(tmp_path, None, LLMSIM_READY_FILE=str(ready)) as server:
        start = len(server.log())
        server.process.send_signal(signal.SIGUSR2)
        server.wait_for_log("base URLs", start=start)
        deadline = time.monotonic() + PATIENCE
        while json.loads(ready.read_text())["pid"] == server.process.pid:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        new_master = json.loads(ready.read_text())["pid"]
        try:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(20)
            assert ready.exists()
            health = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()
            assert health["pid"] == new_master
        finally:
            os.kill(new_master, signal.SIGTERM)


def test_health_says_whose_server_it_is_and_what_it_plays(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", *numbered(9))
    before = time.time()
    with Server(tmp_path, script) as server:
        health = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()
        assert health["script"] == str(script)
        assert (health["turns"], health["version"]) == (9, __version__)
        assert health["pid"] == server.process.pid
        assert before < health["started"] < time.time()
        httpx.put(
            f"{server.origin}/llmsim/sessions/own/script",
            json={"turns": [{"type": "assistant", "text": "a"}]},
            timeout=PATIENCE,
        ).raise_for_status()
        own = httpx.get(f"{server.origin}/s/own/health", timeout=PATIENCE).json()
        assert (own["script"], own["turns"]) == (None, 1)
        httpx.post(f"{server.origin}/llmsim/sessions", json={"name": "other"}, timeout=PATIENCE)
        other = httpx.get(f"{server.origin}/s/other/health", timeout=PATIENCE).json()
        assert (other["script"], other["turns"]) == (str(script), 9)


def test_a_path_that_is_relative_is_told_in_full(tmp_path: Path) -> None:
    with Server(tmp_path, Path("config/scripts/errors.json")) as server:
        health = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()
        assert health["script"] == str(Path("config/scripts/errors.json").absolute())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port: expected a port from 0 to 65535, got '70000'"),
        (["--host", "a b"], "--host: expected an address"),
        (["--max-sessions", "9" * 18], "--max-sessions: expected at most"),
        (["--max-sessions", "1000000000"], "LLMSIM_MAX_SESSIONS) is 1000000000"),
        (["--public-url", "nowhere"], "--public-url: expected a URL"),
        (["--models", ","], "--models: expected at least one name"),
        (["--host", "no-such-host.invalid"], "cannot listen on no-such-host.invalid:0"),
    ],
)
def test_a_wrong_option_is_a_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert message in refused(tmp_path, command=[*SERVE, *arguments])


def test_a_wrong_variable_beside_an_option_keeps_its_name(tmp_path: Path) -> None:
    said = refused(tmp_path, command=[*SERVE, "--port", "70000"], LLMSIM_WORKERS="many")
    assert "--port: expected a port" in said
    assert "LLMSIM_WORKERS: expected a whole number" in said


@pytest.mark.parametrize(
    ("bind", "message"),
    [
        ("127.0.0.1:70000", "a port is a number from 0 to 65535"),
        ("\u00e4..b:80", "this is no host name"),
    ],
)
def test_a_wrong_address_of_gunicorns_own_option_is_a_sentence(
    tmp_path: Path, bind: str, message: str
) -> None:
    assert message in refused(tmp_path, "-b", bind, command=[*GUNICORN, "wsgi:app"])


def test_an_address_of_ipv6_is_served(tmp_path: Path) -> None:
    with Server(tmp_path, None, command=[*SERVE, "--host", "::1"]) as server:
        assert server.origin.startswith("http://[::1]:")
        assert httpx.get(f"{server.origin}/health", timeout=PATIENCE).status_code == 200
        assert "anyone who reaches" not in server.log()


def test_an_address_that_others_reach_is_warned_of(tmp_path: Path) -> None:
    with Server(tmp_path, None, LLMSIM_HOST="0.0.0.0") as server:
        (line,) = [line for line in server.log().splitlines() if "anyone who reaches" in line]
        assert "[WARNING] llmsim: anyone who reaches 0.0.0.0:" in line
        assert line.endswith("and the control API wants no token (LLMSIM_CONTROL_TOKEN)")


def test_a_token_takes_the_half_of_the_warning_away(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    command = [*SERVE, "--host", "0.0.0.0", "--control-token-file", str(tmp_path / "token")]
    with Server(tmp_path, None, command=command) as server:
        (line,) = [line for line in server.log().splitlines() if "anyone who reaches" in line]
        assert line.endswith("can use this server")
        sessions = f"{server.origin}/llmsim/sessions"
        assert httpx.get(sessions, timeout=PATIENCE).status_code == 401
        allowed = {"Authorization": "Bearer secret"}
        assert httpx.get(sessions, headers=allowed, timeout=PATIENCE).status_code == 200
