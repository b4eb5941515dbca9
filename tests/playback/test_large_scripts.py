"""Large scripts are checked by a process of their own, and their turns read as they are asked for.

What comes of it is what comes of a small one.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap
from pathlib import Path
from typing import Any

import httpx
import pytest

from llmsim import Script
from llmsim.errors import ScriptEmptyError, ScriptInvalidError, ScriptParseError, StoreError
from llmsim.playback import checking, stored
from llmsim.playback.checking import Checked, checked_member, checked_script
from llmsim.playback.stored import LARGE_BYTES, LARGE_OBJECTS, StoredTurns, opened
from llmsim.store.mmap_store import MmapStore
from tests.each import for_each
from tests.running import PATIENCE, Server, numbered, text, write_script
from tests.script.samples import VALID

MANY = 2 * LARGE_OBJECTS
TURNS = 50  # which are large together, by their bytes


def spec(count: int = MANY, **keys: Any) -> dict[str, Any]:
    return {**keys, "turns": numbered(count)}


def file(value: Any) -> io.BytesIO:
    return io.BytesIO(value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.fixture
def on_disk(tmp_path: Path) -> Any:
    """Writes a value into a file."""

    def written(value: Any) -> Any:
        path = tmp_path / "body"
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return path.open("rb")

    return written


def test_a_small_script_is_checked_here_and_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", None)
    checked = checked_script(file(spec(10)))
    assert checked.script == Script.from_spec(spec(10))
    assert checked.content == checked.script.canonical()
    assert isinstance(opened(checked.content).turns, tuple)


@pytest.mark.parametrize(
    "value",
    [spec(on_exhausted="loop"), {"turns": [text("x" * LARGE_BYTES)]}],
    ids=["many turns", "one long turn"],
)
def test_a_large_script_is_the_same_script(on_disk: Any, value: dict[str, Any]) -> None:
    whole = Script.from_spec(value)
    checked = checked_script(on_disk(value))
    assert isinstance(checked.content, mmap)
    assert checked.content[:] == whole.canonical()
    assert isinstance(checked.script.turns, StoredTurns)
    assert (tuple(checked.script.turns), checked.script.on_exhausted) == (
        whole.turns,
        whole.on_exhausted,
    )
    assert (len(checked.script), checked.script.index(len(whole))) == (
        len(whole),
        whole.index(len(whole)),
    )


@for_each("text_", VALID)
def test_every_turn_is_read_back_from_its_line(text_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LARGE_OBJECTS", 0)
    whole = Script.from_json(text_)
    script = opened(whole.canonical())
    assert isinstance(script.turns, StoredTurns) or not whole.turns
    assert tuple(script.turns) == whole.turns
    assert [script.turns[index] for index in range(len(script.turns))] == list(whole.turns)
    assert script.tracks == whole.tracks
    assert stored.outline_in(whole.canonical()) == stored.outline_of(whole)
    assert script.on_exhausted == whole.on_exhausted


def test_the_turns_are_a_sequence_of_which_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_TURNS_AT_HAND", 2)
    whole = Script.from_spec(spec())
    turns = opened(whole.canonical()).turns
    assert turns[-1] == whole.turns[-1]
    assert turns[3] is turns[3]
    assert list(turns[2:7]) == list(whole.turns[2:7])
    with pytest.raises(IndexError):
        turns[MANY]
    assert isinstance(turns, StoredTurns)
    assert len(turns._at_hand) <= 2


def test_the_script_in_a_body_is_checked_and_the_rest_given_back(on_disk: Any) -> None:
    for body in (file({"name": "a", "script": spec(2)}), on_disk({"name": "a", "script": spec()})):
        checked, rest = checked_member(body)
        assert rest == {"name": "a"}
        assert checked is not None
        assert checked.script.turns[1] == Script.from_spec(spec(2)).turns[1]
    large = {"name": "a", "script": None, "more": "x" * LARGE_BYTES}
    assert checked_member(on_disk(large)) == (None, large)
    assert checked_member(on_disk([0] * LARGE_BYTES))[1] == [0] * LARGE_BYTES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (spec(on_exhausted="lop"), ScriptInvalidError),
        ({"turns": [{"type": "assistant"}] * MANY}, ScriptInvalidError),
        ({"turns": [], "description": "x" * LARGE_BYTES}, ScriptEmptyError),
        (json.dumps(spec()).encode() + b"]", ScriptParseError),
        (json.dumps(spec()).encode().replace(b'"text"', b'"text":"","text"'), ScriptParseError),
        (b"\xff" * (LARGE_BYTES + 1), ScriptParseError),
    ],
    ids=["a key", "every turn", "no turn", "syntax", "a key twice", "no text"],
)
def test_a_wrong_one_is_the_same_error(on_disk: Any, body: Any, error: type[Exception]) -> None:
    encoded = file(body).getvalue()
    with pytest.raises(error) as here:
        Script.from_json(encoded, "script")
    with pytest.raises(error) as elsewhere:
        checked_script(on_disk(body))
    assert type(elsewhere.value) is type(here.value)
    assert str(elsewhere.value) == str(here.value)


def test_a_check_that_dies_is_an_error_of_its_own(
    on_disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_CHECKER", "this_module_is_none")
    with pytest.raises(StoreError, match="could not be checked"):
        checked_script(on_disk(spec()))
    monkeypatch.undo()
    assert len(checked_script(on_disk(spec())).script) == MANY


def test_where_the_executable_is_the_servers_own_it_is_checked_here(
    on_disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    monkeypatch.setattr("subprocess.run", None)
    assert len(checked_script(on_disk(spec())).script) == MANY


def test_a_large_script_stays_in_its_file(tmp_path: Path) -> None:
    store = MmapStore.create_in(tmp_path, max_sessions=5)
    script = Script.from_spec({"turns": [text("x" * LARGE_BYTES), text("y")]})
    key = store.put_script("a", Checked.of(script).content).script
    content = store.script(key)
    assert isinstance(content, mmap)
    store.delete("a")
    assert opened(content).turns[1] == script.turns[1]


# Over several workers


@pytest.mark.slow
@pytest.mark.parametrize("worker_class", ["gevent", "gthread", "sync"])
def test_every_worker_plays_a_large_script_from_its_first_turn_to_its_last(
    tmp_path: Path, worker_class: str
) -> None:
    turns = [text(f"{number} " + "é" * (LARGE_BYTES // TURNS)) for number in range(TURNS)]
    script = write_script(tmp_path / "s.json", text("default"))
    with Server(tmp_path, script, "-k", worker_class) as server:
        put = httpx.put(
            f"{server.origin}/llmsim/sessions/a/script",
            json={"turns": turns, "on_exhausted": "error"},
            timeout=PATIENCE,
        )
        assert (put.status_code, put.json()["turns"]) == (200, TURNS)
        workers, said = set(), []
        for _ in range(TURNS):
            answer = ask(server, "a")
            workers.add(answer.headers["X-LLMSim-Worker"])
            said.append(answer.json()["choices"][0]["message"]["content"])
        assert said == [turn["text"] for turn in turns]
        assert len(workers) > 1 or worker_class == "sync"
        assert ask(server, "a").status_code == 500
        back = httpx.get(f"{server.origin}/llmsim/sessions/a/script", timeout=PATIENCE)
        assert back.json() == {"on_exhausted": "error", "turns": turns}
        assert ask(server, "b").json()["choices"][0]["message"]["content"] == "default"
        write_script(script, *turns)
        server.reload()
        again = [ask(server, "b").json()["choices"][0]["message"]["content"] for _ in range(8)]
        assert again == said[:8]


@pytest.mark.slow
def test_a_large_script_that_is_wrong_is_a_400_of_a_hundred_problems(tmp_path: Path) -> None:
    script = write_script(tmp_path / "s.json", text("default"))
    wrong = {"turns": [{"type": "assistant", "text": 1}] * 5_000}
    with Server(tmp_path, script) as server:
        for method, path, body in (
            ("PUT", "sessions/a/script", wrong),
            ("POST", "sessions", {"script": wrong}),
        ):
            answer = httpx.request(
                method, f"{server.origin}/llmsim/{path}", json=body, timeout=PATIENCE
            )
            assert answer.status_code == 400
            problems = answer.json()["error"]["problems"]
            assert len(problems) == 101
            assert problems[-1] == "script: 5,000 problems in all; the first 100 are listed"
        assert httpx.get(f"{server.origin}/llmsim/sessions", timeout=PATIENCE).json() == {
            "sessions": [],
            "next": None,
        }
        made = httpx.post(
            f"{server.origin}/llmsim/sessions",
            json={"name": "b", "script": spec(5_000)},
            timeout=PATIENCE,
        )
        assert (made.status_code, made.json()["turns"]) == (201, 5_000)


@pytest.mark.slow
def test_others_are_served_while_a_large_script_is_checked(tmp_path: Path) -> None:
    """One worker: while the check waits for its program, the worker goes on."""
    script = write_script(tmp_path / "s.json", text("default"))
    slow = tmp_path / "python"
    slow.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/begun\nwhile ! test -e {tmp_path}/go; do sleep 0.05; done\n"
        f'exec {sys.executable} "$@"\n'
    )
    slow.chmod(0o700)
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.executable = {str(slow)!r}\n")
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    with Server(tmp_path, script, "-w", "1", PYTHONPATH=paths) as server:
        body = json.dumps(spec()).encode()
        with ThreadPoolExecutor() as pool:
            putting = pool.submit(
                httpx.put,
                f"{server.origin}/llmsim/sessions/a/script",
                content=body,
                headers={"Content-Type": "application/json"},
                timeout=PATIENCE,
            )
            while not (tmp_path / "begun").exists():
                time.sleep(0.02)
            assert [ask(server, "b").status_code for _ in range(20)] == [200] * 20
            assert not putting.done()
            (tmp_path / "go").touch()
            assert putting.result().json()["turns"] == MANY


CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def ask(server: Server, session: str) -> httpx.Response:
    return httpx.post(
        f"{server.origin}/s/{session}/openai/v1/chat/completions", json=CHAT, timeout=PATIENCE
    )
