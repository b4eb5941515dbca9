"""Templates of streams are kept within bounds, and made again where they were let go of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmsim import Assistant, Script
from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.apis.renderer import Stamp
from llmsim.conversation import Conversation
from llmsim.playback import taken
from llmsim.reply import Reply
from llmsim.serving import stream_template
from llmsim.serving.stream_template import StreamTemplates
from llmsim.sse import Event
from llmsim.store.base import Claim
from llmsim.usage import usage_of
from tests.requests import FOR_ALL

SCRIPT = Script([Assistant(f"turn {number} " + "x" * 500) for number in range(30)])


class CountingRenderer(ChatRenderer):
    """Counts how often a stream is rendered."""

    rendered = 0

    def events(self, *arguments: Any) -> Iterator[Event]:
        self.rendered += 1
        yield from super().events(*arguments)


class Streams:
    """Streams of `SCRIPT`."""

    def __init__(self) -> None:
        self.renderer = CountingRenderer()
        self._templates = StreamTemplates()
        self._call = self.renderer.read(FOR_ALL | {"stream": True})

    def fill(self, turn: int) -> bytes | None:
        """The stream of that turn, where there is a template for it."""
        played = taken(Claim(turn, 1, turn, 1), SCRIPT, Conversation())
        assert isinstance(played.outcome, Reply)
        stamp = Stamp("1", turn, 1, usage_of(Conversation(), played.outcome))
        return self._templates.stream(self.renderer, self._call, played, stamp)


def test_the_oldest_templates_are_let_go_of_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_template, "_KEPT_BYTES", 200_000)
    streams = Streams()
    sizes = [len(streams.fill(turn) or streams.fill(turn) or b"") for turn in range(30)]
    assert sum(sizes) > 300_000
    assert streams.renderer.rendered == 30
    assert all(streams.fill(turn) for turn in range(25, 30))
    assert streams.renderer.rendered == 30, "the newest ones are kept"
    assert streams.fill(0)
    assert streams.renderer.rendered == 31, "the oldest one is made again"


def test_one_template_is_kept_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_template, "_KEPT_BYTES", 10)
    streams = Streams()
    assert [streams.fill(0) is None for _ in range(4)] == [True, False, False, False]
    assert streams.renderer.rendered == 1


def test_turns_that_were_played_once_are_remembered_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_template, "_MOST_SEEN", 10)
    streams = Streams()
    assert [streams.fill(turn) for turn in range(25)] == [None] * 25
    assert streams.fill(24), "it comes for the second time"
    assert streams.fill(0) is None, "that it came before is forgotten"
