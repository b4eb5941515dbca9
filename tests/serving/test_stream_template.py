"""A stream that is filled in is, byte for byte, the one that a renderer would have made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmsim import Script
from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.conversation import Conversation, Request
from llmsim.playback import Taken, chooser_of
from llmsim.reply import Reply
from llmsim.serving import rendering, stream_template
from llmsim.serving.stream_template import StreamTemplates
from llmsim.sse import Event
from llmsim.store.base import Claim
from llmsim.usage import usage_of
from tests.each import for_each
from tests.requests import FOR_ALL, RENDERERS

CALLS = [
    {"name": "bash", "arguments": {"command": "ls", "n": 7}},
    {"name": "read", "arguments": [1], "id": "call_42"},
]
TURNS: dict[str, dict[str, Any]] = {
    "text": {"type": "assistant", "text": "Hello wörld, \u2028 line 🙂 " * 20},
    "empty text": {"type": "assistant", "text": ""},
    "one word": {"type": "assistant", "text": "Hi"},
    "text that looks like frames": {
        "type": "assistant",
        "text": 'data: {"id":1}\n\ndata: [DONE]\n\n' * 5,
    },
    "calls": {"type": "tool_calls", "calls": CALLS},
    "mixed": {"type": "mixed", "text": "Both.", "reasoning": "Think first.", "calls": CALLS},
    "refusal": {"type": "refusal", "text": "No."},
    "cut short": {"type": "lorem", "tokens": 300, "finish_reason": "length"},
    "given usage": {
        "type": "assistant",
        "text": "a",
        "usage": {"prompt_tokens": 1000, "cached_tokens": 10, "completion_tokens": 7},
    },
    "50 million prompt tokens": {
        "type": "assistant",
        "text": "a",
        "usage": {"prompt_tokens": 50_000_000, "completion_tokens": 100_000_000},
    },
    "usage beyond all bounds": {
        "type": "assistant",
        "text": "a",
        "usage": {
            "prompt_tokens": 10**18,
            "cached_tokens": 10**17,
            "completion_tokens": 10**20,
            "reasoning_tokens": 10**19,
        },
    },
    "all completion": {
        "type": "assistant",
        "text": "a",
        "usage": {"completion_tokens": 50_000_000, "cached_tokens": 60_000_000},
    },
    "given cached tokens": {"type": "assistant", "text": "a", "usage": {"cached_tokens": 3}},
}
REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "usage asked for": {"stream_options": {"include_usage": True}},
    "two choices": {"n": 2, "stream_options": {"include_usage": True}},
    "echoed fields": {
        "instructions": "Be 'brief' \u00e9",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "tools": [{"type": "function", "name": "f"}],
    },
    "log probabilities": {
        "logprobs": True,
        "top_logprobs": 2,
        "include": ["message.output_text.logprobs"],
    },
    "two choices with log probabilities": {"n": 2, "logprobs": True},
    "reasoning to send back": {"store": False},
    "a custom tool": {
        "tools": [
            {"type": "custom", "name": "bash"},
            {"type": "custom", "custom": {"name": "read"}},
        ]
    },
    "functions": {"functions": [{"name": "bash"}]},
    "another model": {"model": 'a "quoted" \\ model/é'},
}


def called(renderer: Renderer, fields: dict[str, Any]) -> Call:
    return renderer.read(FOR_ALL | {"stream": True} | fields)


def play(script: Script, position: int, generation: int, conversation: Conversation) -> Taken:
    claim = Claim(position, generation, position, 1, place=position)
    request = Request(conversation)
    return chooser_of(script).order_for(request).decide(request).taken(claim, request)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["arrival", "history"])
@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
@for_each("turn", TURNS)
@for_each("fields", REQUESTS)
def test_a_filled_stream_is_the_rendered_one(
    renderer: Renderer, turn: dict[str, Any], fields: dict[str, Any], order: str
) -> None:
    script, call, templates = (
        Script.from_spec({"order": order, "turns": [turn]}),
        called(renderer, fields),
        StreamTemplates(),
    )
    for position in range(3):
        played = play(script, position, 0xABC, call.conversation)
        assert isinstance(played.outcome, Reply)
        created = 1_800_000_000 + position
        stamp = Stamp(played.marks, created, usage_of(call.conversation, played.outcome))
        rendered = b"".join(event.frame() for event in renderer.events(played.outcome, call, stamp))
        filled = templates.stream(renderer, call, played, stamp)
        assert filled == (None if position == 0 else rendered)


def test_a_turn_that_reads_the_conversation_is_never_kept() -> None:
    renderer, script, templates = (
        RENDERERS["chat"],
        Script.from_spec({"turns": [{"type": "echo"}]}),
        StreamTemplates(),
    )
    call = called(renderer, {})
    for position in range(3):
        played = play(script, position, 1, call.conversation)
        assert isinstance(played.outcome, Reply)
        stamp = Stamp(played.marks, 1, usage_of(Conversation(), played.outcome))
        assert templates.stream(renderer, call, played, stamp) is None


@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
def test_requests_that_differ_share_no_stream(renderer: Renderer) -> None:
    templates = StreamTemplates()
    script = Script.from_spec({"turns": [TURNS["mixed"]]})
    for position, fields in enumerate([*REQUESTS.values(), *REQUESTS.values()]):
        call = called(renderer, fields)
        played = play(script, position, 1, call.conversation)
        assert isinstance(played.outcome, Reply)
        stamp = Stamp(played.marks, 1, usage_of(call.conversation, played.outcome))
        filled = templates.stream(renderer, call, played, stamp)
        assert filled in (
            None,
            b"".join(event.frame() for event in renderer.events(played.outcome, call, stamp)),
        )


# Bounds


class CountingRenderer(ChatRenderer):
    """Counts how often a stream is rendered."""

    rendered = 0

    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        self.rendered += 1
        yield from super().events(reply, call, stamp)


def test_custom_tools_that_the_turn_does_not_call_make_no_other_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client may offer any number of them, and each key would be kept."""
    monkeypatch.setattr(rendering, "_TEMPLATES", StreamTemplates())
    renderer, script = CountingRenderer(), Script.from_spec({"turns": [TURNS["calls"]]})
    for position in range(6):
        names = ["bash", f"tool {position}"]
        tools = [{"type": "custom", "custom": {"name": name}} for name in names]
        call = called(renderer, {"tools": tools})
        answer = rendering.render(renderer, call, play(script, position, 1, call.conversation), [])
        assert b"".join(answer.body).count(b'"custom":{"name":"bash"') == 1
    assert renderer.rendered == 2, "once for itself, and once for the template"


class ManyTurns:
    """Streams of a script of 30 turns, each of some 20 KB."""

    def __init__(self) -> None:
        turns = [{"type": "assistant", "text": f"turn {at} " + "x" * 500} for at in range(30)]
        self._script = Script.from_spec({"turns": turns})
        self._templates = StreamTemplates()
        self.renderer = CountingRenderer()

    def fill(self, turn: int) -> bytes | None:
        """The stream of that turn, where there is a template for it."""
        call = called(self.renderer, {})
        played = play(self._script, turn, 1, call.conversation)
        assert isinstance(played.outcome, Reply)
        stamp = Stamp(played.marks, 1, usage_of(call.conversation, played.outcome))
        return self._templates.stream(self.renderer, call, played, stamp)


def test_the_oldest_templates_are_let_go_of_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_template, "_KEPT_BYTES", 200_000)
    streams = ManyTurns()
    sizes = [len(streams.fill(turn) or streams.fill(turn) or b"") for turn in range(30)]
    assert sum(sizes) > 300_000
    assert streams.renderer.rendered == 30
    assert all(streams.fill(turn) for turn in range(25, 30))
    assert streams.renderer.rendered == 30, "the newest ones are kept"
    assert streams.fill(0)
    assert streams.renderer.rendered == 31, "the oldest one is made again"


def test_one_template_is_kept_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_template, "_KEPT_BYTES", 10)
    streams = ManyTurns()
    assert [streams.fill(0) is None for _ in range(4)] == [True, False, False, False]
    assert streams.renderer.rendered == 1


def test_turns_that_were_played_once_are_remembered_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_template, "_MOST_SEEN", 10)
    streams = ManyTurns()
    assert [streams.fill(turn) for turn in range(25)] == [None] * 25
    assert streams.fill(24), "it comes for the second time"
    assert streams.fill(0) is None, "that it came before is forgotten"
