"""Tracks over workers and hosts: each has its own place, as exact as the position."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.requests import ROUTE_OF
from tests.stress.clients import Answer, Crowd
from tests.stress.hosts import started
from tests.stress.named_scripts import named
from tests.stress.proofs import assert_each_once, assert_in_order, assert_none_twice, lost
from tests.stress.servers import stressed_server
from tests.stress.trouble import kill_workers

TURNS = 60
# The crowd asks each API plain and streamed: a track for each way but one, whose turns are main's.
TRACKS = [
    {
        "name": f"{api}-{stream}",
        "when": {"api": api, "stream": stream},
        "turns": named(f"{api}-{stream}", TURNS),
    }
    for api in ROUTE_OF
    for stream in (False, True)
][1:]


def script(tmp_path: Path, on_exhausted: str) -> Path:
    path = tmp_path / "script.json"
    spec = {"on_exhausted": on_exhausted, "turns": named("main", TURNS), "tracks": TRACKS}
    path.write_text(json.dumps(spec), "utf-8")
    return path


def places(crowd: Crowd) -> dict[str, list[int]]:
    """The turns of each track, in the order of their positions."""
    found: dict[str, list[int]] = {}
    by_position = sorted(crowd.answers, key=lambda answer: answer.taken.position)
    for name, index in map(parts, by_position):
        found.setdefault(name, []).append(index)
    return found


def parts(answer: Answer) -> tuple[str, int]:
    name, _, index = str(answer.text).rpartition(" ")
    return name, int(index)


@pytest.mark.parametrize(("where", "workers"), [("gevent", 4), ("three hosts", 6)])
def test_each_track_gives_its_turns_once_and_in_order(
    tmp_path: Path, where: str, workers: int
) -> None:
    with started(where, tmp_path, script(tmp_path, "loop")) as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            crowd.wait_for(800)
    assert crowd.failures == 0
    assert len({answer.worker for answer in crowd.answers}) == workers
    assert_each_once(crowd.taken, len(crowd.answers))
    assert_in_order(crowd.taken)
    taken = places(crowd)
    assert len(taken) == 8
    for indices in taken.values():
        assert indices == [number % TURNS for number in range(len(indices))]


def test_killed_workers_repeat_no_turn_of_any_track(tmp_path: Path) -> None:
    with stressed_server(tmp_path, script(tmp_path, "loop"), "gevent") as server:
        crowd = Crowd(lambda: server.origin)
        with crowd.running():
            kill_workers(crowd, 10, 60)
    assert crowd.failures > 0, "the kills disturbed nobody"
    assert_none_twice(crowd.taken)
    assert lost(crowd.taken) <= crowd.failures
    taken = places(crowd)
    assert len(taken) == 8
    skipped = 0
    for indices in taken.values():
        steps = [(later - earlier) % TURNS for earlier, later in pairwise([-1, *indices])]
        assert 0 not in steps
        skipped += sum(steps) - len(steps)
    assert skipped <= crowd.failures
