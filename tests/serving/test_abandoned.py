"""Answers that nobody closes: the garbage collector finds them, with whatever lock is held."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from llmsim.metrics import host
from llmsim.serving import abandoned, shared
from llmsim.store.mmap_store import MmapStore
from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to
from tests.running import text
from tests.stress.forks import fork, wait_for


@pytest.mark.parametrize("words", ["Hello!", " word" * 8000], ids=["short", "long"])
@pytest.mark.usefixtures("tmp_path")  # the store is in files
def test_an_answer_that_is_dropped_is_settled_before_the_next_request(
    make_client: MakeClient, words: str
) -> None:
    client = make_client(text(words))
    body = request_to("chat", stream=True)
    answer = client.post(ROUTE_OF["chat"], json=body, buffered=False)
    next(iter(answer.iter_encoded()))
    dropped: list[Any] = [answer, answer.response]
    dropped.append(dropped)
    playing = shared._shared
    assert playing is not None
    assert isinstance(playing.store, MmapStore)
    store = playing.store

    def collect() -> None:
        with store._table.locked(), store._journals._files._writing, host.counters()._lock:
            gc.collect()

    gc.collect()
    del answer, dropped
    collector = threading.Thread(target=collect, daemon=True)
    collector.start()
    collector.join(20)
    assert not collector.is_alive()
    (entry,) = entries(client, "default")
    assert entry["outcome"] == "client_gone"


def test_what_is_left_to_do_is_left_to_one_process() -> None:
    done: list[int] = []
    abandoned.later(lambda: done.append(1))

    def in_the_child() -> None:
        abandoned.catch_up()
        assert not done

    assert wait_for(fork(in_the_child)) == 0
    abandoned.catch_up()
    abandoned.catch_up()
    assert done == [1]
