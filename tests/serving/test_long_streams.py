"""A long stream is rendered as it is read: neither kept nor held whole, and others come between."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from llmsim import Script
from llmsim.apis.renderer import Renderer
from llmsim.serving.rendering import Answer, render
from llmsim.sse import MAX_WRITE
from tests.conftest import MakeClient
from tests.requests import FOR_ALL, RENDERERS, ROUTE_OF
from tests.running import text
from tests.serving.test_stream_template import called, play
from tests.serving.test_streamed_text import said
from tests.wire.frames import json_frames

TOKENS = 10_000
LONG = " word" * TOKENS
every_renderer = pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)


def answers(renderer: Renderer, words: str = LONG) -> Iterator[Answer]:
    """Streams of one turn, time after time."""
    script, call = Script.from_spec({"turns": [text(words)]}), called(renderer, {})
    for position in range(4):
        yield render(renderer, call, play(script, position, 1, call.conversation), [])


@pytest.mark.slow
@every_renderer
def test_it_costs_little_memory_each_time(renderer: Renderer) -> None:
    streams = answers(renderer)
    tracemalloc.start()
    try:
        for _ in range(4):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            size = sum(map(len, next(streams).body))
            after, most = tracemalloc.get_traced_memory()
            assert size > 1_000_000
            assert most - before < 900_000
            assert after - before < 300_000
    finally:
        tracemalloc.stop()


@every_renderer
def test_its_writes_are_small_and_end_where_frames_do(renderer: Renderer) -> None:
    for answer in answers(renderer):
        parts = list(answer.body)
        assert all(part.endswith(b"\n\n") for part in parts)
        assert all(len(part) <= MAX_WRITE / 4 or part.count(b"\n\n") == 1 for part in parts)
        assert len(parts) > 60


@every_renderer
def test_a_stream_that_is_not_long_is_kept_and_leaves_in_few_writes(renderer: Renderer) -> None:
    sizes = [[len(part) for part in answer.body] for answer in answers(renderer, " word" * 4000)]
    assert all(len(parts) < 25 for parts in sizes)


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTE_OF.values())
def test_it_says_what_the_script_says_each_time(make_client: MakeClient, route: str) -> None:
    client = make_client(text(LONG))
    for _ in range(2):
        stream = client.post(route, json=FOR_ALL | {"stream": True}).data
        assert "".join(map(said, json_frames(stream))) == LONG


def test_streams_take_turns_and_other_greenlets_run_between() -> None:
    """Also where no reader is slow, so that no write waits."""
    program = """
from llmsim.one_at_a_time import sliced
import gevent.monkey
gevent.monkey.patch_all()
import gevent
seen = []
def stream(name):
    for part in sliced([name] * 5, "stream"):
        seen.append(part)
def short():
    for _ in range(5):
        gevent.sleep(0)
        seen.append("-")
gevent.joinall([gevent.spawn(stream, "a"), gevent.spawn(stream, "b"), gevent.spawn(short)], 60)
print("".join(seen))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    said = run.stdout.strip()
    assert sorted(said) == sorted("aaaaabbbbb-----")
    assert said.replace("-", "") in ("ab" * 5, "ba" * 5)
    assert "-" in said.lstrip("-")[:4]
