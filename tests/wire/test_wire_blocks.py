"""Every API says every kind of block.

A kind that is new, or a renderer that leaves one out, fails here by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest

from llmsim.apis import APIS
from llmsim.apis.renderer import Renderer, Stamp
from llmsim.reply import Block, Reasoning, Refusal, Reply, Text, ToolCall
from llmsim.usage import Usage
from tests.wire.cases import REQUESTS

WORD = "heliotropes"  # several tokens, so that a stream has to join it
SAMPLES: dict[type, Any] = {
    Reasoning: Reasoning(WORD),
    Text: Text(WORD),
    Refusal: Refusal(WORD),
    ToolCall: ToolCall("call_1", "bash", {"command": WORD}, json.dumps({"command": WORD})),
}
STAMP = Stamp(("00c0ffee00c0ffee", "7"), 1_764_000_000, Usage(1, 1))
OTHERS = (Text("so"), ToolCall("call_2", "bash", {}, "{}"))

every_block_of_every_api = pytest.mark.parametrize(
    ("renderer", "kind"),
    [(api.renderer, kind) for api in APIS for kind in get_args(Block)],
    ids=[f"{api.renderer.name}-{kind.__name__}" for api in APIS for kind in get_args(Block)],
)


def replies(kind: type) -> list[Reply]:
    """The block alone, with others, and cut short."""
    among = tuple(each for each in OTHERS if type(each) is not kind)
    alone = Reply((SAMPLES[kind],))
    return [alone, Reply((SAMPLES[kind], *among)), replace(alone, finish="length")]


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string in `value` with the keys that lead to it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(inner, f"{key}.{name}")


def test_there_is_a_sample_of_every_kind_of_block() -> None:
    assert set(SAMPLES) == set(get_args(Block))
    assert {api.renderer.name for api in APIS} == set(REQUESTS)


@every_block_of_every_api
def test_a_payload_says_every_kind_of_block_once(renderer: Renderer, kind: type) -> None:
    call = renderer.read(REQUESTS[renderer.name])
    for reply in replies(kind):
        said = [text for _, text in strings(renderer.payload(reply, call, STAMP)) if WORD in text]
        assert len(said) == 1, reply


@every_block_of_every_api
def test_the_deltas_of_a_stream_say_every_kind_of_block_once(
    renderer: Renderer, kind: type
) -> None:
    call = renderer.read({**REQUESTS[renderer.name], "stream": True})
    for reply in replies(kind):
        events = [
            event.data
            for event in renderer.events(reply, call, STAMP)
            if not isinstance(event.data, str)
        ]
        joined = "".join(
            text
            for event in events
            for key, text in strings(event)
            if ".delta" in key and not key.endswith(".type")
        )
        assert joined.count(WORD) == 1, reply
