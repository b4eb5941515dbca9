"""A server that plays a folder of scripts: its start, its reloads, and what watches the files."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.requests import CHAT, request_to
from tests.running import GUNICORN, PATIENCE, ROOT, Server, clean_environment, text
from tests.stress.hosts import Served, started

pytestmark = pytest.mark.slow  # servers are started and stopped


def write(folder: Path, name: str, *texts: str, **keys: Any) -> None:
    folder.mkdir(exist_ok=True)
    spec = {"turns": [text(each) for each in texts], **keys}
    part = folder / f"{name}.part"
    part.write_text(json.dumps(spec), "utf-8")
    part.rename(folder / f"{name}.json")


def said(server: Served, session: str) -> str:
    url = f"{server.origin}/s/{session}{CHAT}"
    answer = httpx.post(url, json=request_to("chat"), timeout=PATIENCE)
    body = answer.json()
    if answer.status_code != 200:
        return str(body["error"]["message"])
    return str(body["choices"][0]["message"]["content"])


def test_it_says_at_the_start_what_it_plays(tmp_path: Path) -> None:
    folder, ready = tmp_path / "scripts", tmp_path / "ready.json"
    write(folder, "a", "a0")
    write(folder, "b", "b0", "b1")
    (folder / "notes.txt").write_text("no script")
    with Server(tmp_path, folder, LLMSIM_READY_FILE=str(ready)) as server:
        assert f"plays {folder} (2 scripts: a, b) on" in server.log()
        facts = json.loads(ready.read_text("utf-8"))
        assert (facts["turns"], facts["lines"]) == (
            3,
            [
                {"script": "a", "track": "main", "turns": 1},
                {"script": "b", "track": "main", "turns": 2},
            ],
        )
        health = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()
        assert (health["status"], health["turns"], health["script"]) == ("ok", 3, str(folder))


def test_all_problems_of_all_files_are_told_at_once_and_it_does_not_start(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    write(folder, "a", "a0", orders="x")
    write(folder, "b", "b0", weight=0, when={"sesion": "x"})
    write(folder, "two words", "c0")
    ended = subprocess.run(
        [*GUNICORN, "wsgi:app"],
        cwd=ROOT,
        env=clean_environment(tmp_path, LLMSIM_SCRIPT_PATH=str(folder)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = ended.stdout + ended.stderr
    assert ended.returncode == 1
    for problem in (
        f"{folder}/a.json:1:",
        "$.orders: unknown key 'orders'",
        "$.weight: expected an integer from 1 up, got 0",
        "$.when.sesion: unknown key 'sesion'",
        f"{folder}/two words.json: cannot read the script: its name is no name of a script",
    ):
        assert problem in told
    assert "Traceback" not in told
    for path in folder.glob("*.json"):
        path.unlink()
    assert (
        "the folder holds no script"
        in subprocess.run(
            [sys.executable, "-m", "llmsim", "validate", str(folder)],
            env=clean_environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stderr
    )


@pytest.mark.parametrize("where", ["gevent", "three hosts"])
def test_a_reload_takes_what_changed_is_new_or_gone_and_leaves_all_where_one_is_wrong(
    tmp_path: Path, where: str
) -> None:
    folder = tmp_path / "scripts"
    for name in ("same", "changed", "gone"):
        write(folder, name, f"{name} 0", f"{name} 1", f"{name} 2")
    with started(where, tmp_path, folder) as server:
        for name in ("same", "changed", "gone"):
            assert said(server, name) == f"{name} 0"
        put = {"turns": [text("put 0"), text("put 1")]}
        httpx.put(f"{server.origin}/llmsim/scripts/put", json=put, timeout=PATIENCE)
        assert said(server, "put") == "put 0"
        write(folder, "changed", "other 0")
        write(folder, "new", "new 0")
        (folder / "gone.json").unlink()
        write(folder, "wrong", "x", orders="x")
        server.reload()
        assert "unknown key 'orders'" in server.log()
        assert said(server, "changed") == "changed 1"
        (folder / "wrong.json").unlink()
        server.reload()
        assert "what has changed is back at 0" in server.log()
        assert [said(server, name) for name in ("same", "changed", "new", "put")] == [
            "same 1", "other 0", "new 0", "put 1",
        ]  # fmt: skip
        assert "There are: 'changed', 'new', 'put', 'same'" in said(server, "gone")
        server.reload()
        assert f"{folder} is unchanged; cursors go on" in server.log()
        assert said(server, "same") == "same 2"


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_watched_is_read_again_when_it_changes(tmp_path: Path, is_folder: bool) -> None:
    folder = tmp_path / "scripts"
    write(folder, "a", "before")
    command = [sys.executable, "-m", "llmsim", "serve", str(folder), "--watch"]
    if not is_folder:
        command[4] = str(folder / "a.json")
    with Server(tmp_path, None, command=command) as server:
        assert said(server, "a") == "before"
        watcher = [
            child
            for child in psutil.Process(server.process.pid).children()
            if "llmsim.server.watch" in " ".join(child.cmdline())
        ]
        assert len(watcher) == 1
        time.sleep(1)  # it may still be starting; a change before that is not seen
        (folder / "notes.txt").write_text("no script")
        write(folder, "a", "after")
        server.wait_for_log("llmsim: reloaded")
        assert said(server, "a") == "after"
        assert server.log().count("llmsim: reloaded") == 1
    psutil.wait_procs(watcher, timeout=10)
    assert not watcher[0].is_running()
