"""The benchmark command works from end to end. How fast it finds llmsim is nobody's test.

That depends on the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest

from llmsim.store.mmap_store import MmapStore
from tests.benchmarks import (
    h2load,
    memory,
    newcomers,
    paced,
    paced_app,
    prompts,
    sessions,
    slow_readers,
    start,
    stop,
    streams,
    swaps,
    system_prompts,
    wrk,
)
from tests.benchmarks.benchmark import BenchmarkError, Conclusion, median_ratio
from tests.benchmarks.programs import H2LOAD, WRK
from tests.benchmarks.requests import CHAT, MESSAGES, RESPONSES, hello, tiny
from tests.benchmarks.servers import CONNECTIONS, ask, bare_server, llmsim_server, with_cpu
from tests.running import PATIENCE, ROOT
from tests.server.workers.pair import WORKERS, facts, served

needs_wrk = pytest.mark.skipif(
    not WRK.is_installed(), reason=f"needs wrk: apt-get install {WRK.package}"
)
needs_h2load = pytest.mark.skipif(
    not H2LOAD.is_installed(), reason=f"needs h2load: apt-get install {H2LOAD.package}"
)
FAST = WORKERS["fast"]
BRIEFLY = ("--rounds", "2", "--seconds", "0.2")


def benchmarks(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_claims_are_measured_by_number_of_processes(tmp_path: Path) -> None:
    run = benchmarks("claims", *BRIEFLY, "--json", str(tmp_path / "out.json"))
    assert run.returncode == 0, run.stderr
    assert "goal: at most 5" in run.stdout
    found = json.loads((tmp_path / "out.json").read_text())["benchmarks"]["claims"]
    assert list(found["samples"]) == ["1 process", "2 processes", "4 processes"]
    for samples in found["samples"].values():
        assert len(samples) == 2
        assert all(
            sample["claims/s"] > 0 and 0 < sample["p50 us"] <= sample["p99 us"]
            for sample in samples
        )


@needs_wrk
def test_chat_is_measured_beside_a_bare_application_in_the_same_rounds(tmp_path: Path) -> None:
    run = benchmarks("chat", *BRIEFLY, "--json", str(tmp_path / "out.json"))
    assert run.returncode == 0, run.stderr
    assert "goal: at least 1.2" in run.stdout
    rounds = [line for line in run.stderr.splitlines() if "round" in line]
    assert [line.rpartition(": ")[2] for line in rounds] == ["llmsim", "bare WSGI"] * 2
    found = json.loads((tmp_path / "out.json").read_text())["benchmarks"]["chat"]
    assert all(
        len(samples) == 2 and samples[0]["requests/s"] > 0 for samples in found["samples"].values()
    )
    assert found["conclusions"][0]["value"] > 0


@needs_wrk
def test_heads_that_never_repeat_and_processor_time_are_measured(tmp_path: Path) -> None:
    with served(tmp_path, FAST) as server:
        again = partial(wrk.post, server.origin, tiny(), CONNECTIONS)
        assert with_cpu(server, again, 1)["CPU us"] > 0
        remembered = facts(server)["again"]
        assert remembered > 0
        wrk.post(server.origin, tiny(), CONNECTIONS, 0.2, wrk.TRACED)
        assert facts(server)["again"] == remembered


def test_first_answers_are_measured_beside_later_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newcomers, "CONNECTIONS", 20)
    with bare_server(tmp_path) as server:
        sample = newcomers.measure(server.origin, 0)
    assert sample["first p99 ms"] / sample["later p99 ms"] == sample["first over later"]


@needs_wrk
def test_what_counting_costs_is_measured_beside_counting_nothing() -> None:
    run = benchmarks("metrics", "--rounds", "1", "--seconds", "0.2")
    assert run.returncode == 0, run.stderr
    assert "plain: requests/s with metrics over those without" in run.stdout
    assert "ms that a scrape takes" in run.stdout


def test_claims_go_to_every_session_in_turn(tmp_path: Path) -> None:
    directory = sessions.filled(tmp_path / "state", 50)
    sample = sessions.measure_claims(directory, 50, 0.01)
    assert sample["per second"] * sample["mean us"] == pytest.approx(1e6)
    positions = [session.position for session in MmapStore(directory).sessions(0, 100)[0]]
    assert len(positions) == 50
    assert min(positions) == max(positions) > 0


@needs_wrk
def test_requests_go_to_every_session_in_turn_and_the_journal_is_measured_from_empty(
    tmp_path: Path,
) -> None:
    state = sessions.filled(tmp_path / "state", 50)
    with llmsim_server(tmp_path, hello(tmp_path), LLMSIM_STATE_DIR=str(state)) as server:
        assert sessions.measure_requests(server, 50, 1)["per second"] > 0
        positions = [session.position for session in MmapStore(state).sessions(0, 100)[0]]
        assert len(positions) == 50
        assert min(positions) > 0
        assert ask(server, CHAT, tiny(), 0.2)["requests/s"] > 0
        found = MmapStore(state).session("default")
        assert found is not None
        assert found.position == 0


@needs_wrk
def test_every_api_answers_every_body_in_turn(tmp_path: Path) -> None:
    with llmsim_server(tmp_path, hello(tmp_path)) as server:
        for path in (CHAT, RESPONSES, MESSAGES):
            assert (
                wrk.post(
                    server.origin + path, [*tiny(path), *tiny(path, stream=True)], CONNECTIONS, 0.2
                )["requests/s"]
                > 0
            )
        lines = httpx.get(
            f"{server.origin}/llmsim/sessions/default/requests.jsonl", timeout=PATIENCE
        ).text.splitlines()
    entries = [json.loads(line) for line in lines]
    assert {(entry["path"], entry["stream"]) for entry in entries} == {
        (path, stream) for path in (CHAT, RESPONSES, MESSAGES) for stream in (False, True)
    }


def test_the_long_stream_has_as_many_chunks_as_it_says(tmp_path: Path) -> None:
    with llmsim_server(tmp_path, streams.long_script(tmp_path)) as server:
        answer = httpx.post(server.origin + CHAT, content=tiny(stream=True)[0], timeout=PATIENCE)
    assert answer.text.count("data: ") == streams.CHUNKS


def test_an_agents_prompt_grows_by_a_kilobyte_and_keeps_what_it_said() -> None:
    first, second = (json.loads(prompts.body(0, turn))["messages"] for turn in (7, 8))
    assert second[:-1] == first
    assert len(prompts.body(0, 8)) / 1000 == pytest.approx(prompts.KILOBYTES, rel=0.05)
    assert len(prompts.body(0, 8)) - len(prompts.body(0, 7)) == pytest.approx(1000, rel=0.05)


@needs_h2load
def test_a_rate_is_kept_and_a_number_of_requests_is_made(tmp_path: Path) -> None:
    with llmsim_server(tmp_path, hello(tmp_path)) as server:
        sample = h2load.post_at_rate(server.origin + CHAT, tiny()[0], CONNECTIONS, 160, 1)
        before = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()["position"]
        h2load.post_times(server.origin + CHAT, tiny()[0], CONNECTIONS, 200)
        after = httpx.get(f"{server.origin}/health", timeout=PATIENCE).json()["position"]
        with pytest.raises(BenchmarkError, match="20 of 20 requests"):
            h2load.post_times(f"{server.origin}/nowhere", tiny()[0], CONNECTIONS, 20)
    assert 0 < sample["requests/s"] <= 200
    assert 0 < sample["p50 ms"] <= sample["p99 ms"]
    assert after - before == 200


@needs_h2load
def test_memory_start_and_stop_are_measured_on_servers_of_their_own(tmp_path: Path) -> None:
    assert all(megabytes > 0 for megabytes in memory.measure(tmp_path, 40, 0).values())
    assert start.measure(tmp_path, hello(tmp_path), 0)["seconds"] > 0
    assert stop.measure(tmp_path, hello(tmp_path), "sync", 0)["seconds"] > 0


def test_system_prompts_are_as_long_as_they_say_and_all_different() -> None:
    bodies = system_prompts.bodies(40_000, 50)
    prompts = [json.loads(body)["messages"][0]["content"] for body in bodies]
    assert {len(prompt) for prompt in prompts} == {40_000}
    assert len(set(prompts)) == 50


def test_slow_readers_are_measured_beside_short_answers(tmp_path: Path) -> None:
    sample = slow_readers.measure(tmp_path, 5_000, 3, 0)
    assert sample["MB of the worker"] > 0
    assert 0 < sample["p50 ms"] <= sample["p99 ms"]


def test_paced_streams_are_measured_beside_the_least_that_could_pace_them(tmp_path: Path) -> None:
    assert paced.chunks_in(0) * paced_app.TBT >= 2
    with bare_server(tmp_path, app="paced_app") as bare:
        floor = paced.of_floor(bare, 4, 0)
    llmsim = paced.of_llmsim(tmp_path, 4, 0)
    assert floor.keys() == llmsim.keys()
    for sample in (floor, llmsim):
        assert sample["duration p50"] >= 1
        assert sample["TTFT p50 late ms"] >= 0


def test_what_others_wait_is_measured_while_a_script_is_put_and_without(tmp_path: Path) -> None:
    with llmsim_server(tmp_path, hello(tmp_path)) as server:
        samples = [swaps.measure(server, script, 0.2) for script in (hello(tmp_path), None)]
        found = httpx.get(f"{server.origin}/llmsim/sessions/large", timeout=PATIENCE).json()
    assert (found["script"], found["position"]) == ("own", 30)
    assert all(0 < sample["p50 ms"] <= sample["most ms"] for sample in samples)


def test_without_wrk_the_command_names_the_package(tmp_path: Path) -> None:
    run = benchmarks("chat", *BRIEFLY, PATH=str(tmp_path))
    assert run.returncode == 1
    assert "apt-get install wrk" in run.stderr


def test_an_unknown_benchmark_is_refused_with_the_names_that_exist() -> None:
    run = benchmarks("chatt")
    assert run.returncode == 2
    assert "did you mean 'chat'?" in run.stderr


def test_a_goal_is_met_or_missed_on_its_own_side() -> None:
    assert Conclusion("ratio", 0.4, least=0.35).met is True
    assert Conclusion("ratio", 0.3, least=0.35).met is False
    assert Conclusion("p50", 6, most=5).met is False
    assert Conclusion("rate", 6).met is None


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    assert (
        median_ratio([{"r": 1}, {"r": 20}, {"r": 3}], [{"r": 2}, {"r": 40}, {"r": 6}], "r") == 0.5
    )
