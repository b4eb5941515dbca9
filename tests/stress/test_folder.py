"""A folder of scripts over four workers or three hosts, which changes under load."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE, text
from tests.stress.clients import Answer, Crowd
from tests.stress.hosts import started
from tests.stress.named_scripts import named
from tests.stress.proofs import assert_each_once, assert_in_order

TURNS = 100


def write(folder: Path, name: str, version: int, **keys: object) -> None:
    """A script whose turns say its name, its version and their index."""
    spec = {"on_exhausted": "loop", "turns": named(f"{name} {version}", TURNS), **keys}
    part = folder / f"{name}.part"
    part.write_text(json.dumps(spec), "utf-8")
    part.rename(folder / f"{name}.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scripts"
    made.mkdir()
    write(made, "files", 0, when={"api": "chat"})
    write(made, "put", 0, when={"api": "anthropic"})
    write(made, "default", 0)
    return made


def parts(answer: Answer) -> tuple[str, int, int]:
    name, version, index = str(answer.text).split()
    return name, int(version), int(index)


@pytest.mark.parametrize("where", ["gevent", "three hosts"])
def test_position_script_and_place_belong_together_while_scripts_are_replaced(
    tmp_path: Path, folder: Path, where: str
) -> None:
    with started(where, tmp_path, folder) as server:
        # What a reload drops comes from nginx, if there is one, as a 502.
        crowd = Crowd(lambda: server.origin, failing=(502,))
        with crowd.running():
            for version in range(1, 4):
                crowd.wait_for(60)
                write(folder, "files", version, when={"api": "chat"})
                server.reload()
                spec = {
                    "on_exhausted": "loop",
                    "when": {"api": "anthropic"},
                    "turns": named(f"put {version}", TURNS),
                }
                url = f"{server.origin}/llmsim/scripts/put"
                assert httpx.put(url, json=spec, timeout=PATIENCE).status_code == 200
            crowd.wait_for(60)
        listed = httpx.get(f"{server.origin}/llmsim/scripts", timeout=PATIENCE).json()["scripts"]
    answers = sorted(crowd.answers, key=lambda answer: answer.taken.position)
    assert_in_order(crowd.taken)
    assert len({answer.taken.generation for answer in answers}) == 1, "somebody was rewound"
    if not crowd.failures:
        assert_each_once(crowd.taken, len(answers))
    versions: dict[str, list[int]] = defaultdict(list)
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for name, version, index in map(parts, answers):
        versions[name].append(version)
        places[name, version].append(index)
    assert set(versions["default"]) == {0}
    assert set(versions["files"]) == set(versions["put"]) == set(range(4))
    for of_name in versions.values():
        assert of_name == sorted(of_name), "a script that had been replaced played again"
    for indices in places.values():
        steps = [(later - earlier) % TURNS for earlier, later in pairwise([-1, *indices])]
        assert all(steps)
        assert sum(steps) - len(steps) <= crowd.failures
    # The reloads restart the workers: what they drop of a request is counted, not answered.
    served = {each["name"]: each["requests"] for each in listed}
    counted = Counter(name for name, version, _ in map(parts, answers) if version in (0, 3))
    assert served["default"] >= counted["default"]


@pytest.mark.parametrize("where", ["gevent", "three hosts"])
def test_hundreds_of_agents_over_five_scripts_by_name_glob_and_weight(
    tmp_path: Path, folder: Path, where: str
) -> None:
    for path in folder.glob("*.json"):
        path.unlink()
    kinds: dict[str, dict[str, object]] = {
        "named": {},
        "globbed": {"when": {"session": "glob-*"}},
        "buy": {"weight": 7},
        "refund": {"weight": 2},
        "fail": {"weight": 1},
    }
    for name, keys in kinds.items():
        spec = {"on_exhausted": "error", "turns": [text(f"{name} {n}") for n in range(3)], **keys}
        (folder / f"{name}.json").write_text(json.dumps(spec), "utf-8")
    agents = [f"named-{n}" for n in range(50)] + [f"glob-{n}" for n in range(50)]
    agents += [f"user{n}" for n in range(200)]
    clients = threading.local()

    with started(where, tmp_path, folder) as server:

        def run(session: str) -> list[str]:
            if not hasattr(clients, "own"):
                clients.own = httpx.Client(timeout=PATIENCE)
            url = f"{server.origin}/s/{session}/openai/v1/chat/completions"
            body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
            answers = [clients.own.post(url, json=body) for _ in range(3)]
            said = [each.json()["choices"][0]["message"]["content"] for each in answers]
            scripts = {each.headers["X-LLMSim-Script"] for each in answers}
            assert scripts == {said[0].split()[0]}
            return said

        with ThreadPoolExecutor(32) as pool:
            said = dict(zip(agents, pool.map(run, agents), strict=True))
        listed = httpx.get(f"{server.origin}/llmsim/scripts", timeout=PATIENCE).json()["scripts"]

    played: Counter[str] = Counter()
    for session, texts in said.items():
        name = texts[0].split()[0]
        assert texts == [f"{name} {n}" for n in range(3)], session
        if not session.startswith("user"):
            assert name == {"named": "named", "glob": "globbed"}[session.partition("-")[0]]
        played[name] += 1
    assert (played["named"], played["globbed"]) == (50, 50)
    assert abs(played["buy"] - 140) < 25
    assert abs(played["refund"] - 40) < 20
    assert {each["name"]: each["requests"] for each in listed} == {
        name: 3 * count for name, count in played.items()
    }
