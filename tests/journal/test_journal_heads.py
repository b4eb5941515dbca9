"""What a verdict is made of: the small facts of a line, whatever else the line holds."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.journal.line import End, head_of, line, short_line
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.store.base import Store
from tests.conftest import MakeClient
from tests.journal.asking import ask

END = End(200, "completed", 10, 1, 2.5)
ENDED = {"status": 200, "outcome": "completed", "bytes": 10, "chunks": 1, "duration_ms": 2.5}
FACTS = {"generation": "0" * 16, "time": 1.5, "position": 3, "turn": 1}


def lines(store: Store, session: str = "a") -> list[bytes]:
    return [*store.entries(session, 0, 1000, lambda _: True).entries]


@pytest.mark.parametrize("mode", ["full", "meta"])
def test_a_head_holds_all_facts_but_headers_bodies_and_blocks(
    make_client: MakeClient, mode: str
) -> None:
    client = make_client({"type": "assistant", "text": "x"}, journal_mode=mode)
    tricky = 'a "quoted" ,"request_headers": and {"status":999}'
    ask(client, messages=[{"role": "user", "content": tricky}], extra={"request_headers": 1})
    playback = shared._shared
    assert isinstance(playback, Playback)
    (entry,) = lines(playback.store)
    head = head_of(entry)
    assert head is not None
    assert head["position"] == head["turn"] == 0
    assert (head["status"], head["outcome"]) == (200, "completed")
    assert head["session"] == "a"
    assert not {"request_headers", "request_body", "answer", "request_text"} & set(head)


def test_a_failure_stands_in_the_head_with_what_it_says_of_retries(
    make_client: MakeClient,
) -> None:
    client = make_client(
        {"type": "error", "kind": "rate_limit"}, on_exhausted="error", retry_after=3
    )
    ask(client)
    ask(client)
    playback = shared._shared
    assert isinstance(playback, Playback)
    heads: list[Any] = [head_of(entry) for entry in lines(playback.store)]
    limited, exhausted = (head["answer"]["failure"] for head in heads)
    assert (limited["kind"], limited["retry_after"]) == ("rate_limit", 3)
    assert "should_retry" not in limited
    assert (exhausted["kind"], exhausted["should_retry"]) == ("exhausted", False)


def test_a_line_without_bodies_has_the_same_head() -> None:
    whole = head_of(line(FACTS | {"request_headers": {}}, b"{}", END))
    assert whole == head_of(short_line(FACTS, END)) == FACTS | ENDED


def test_what_a_killed_writer_left_has_no_head() -> None:
    entry = line(FACTS | {"request_headers": {}}, b"{}", END)
    assert head_of(entry[:40] + b"}") is None
    assert head_of(short_line(FACTS, END)[:30] + b"}") is None
