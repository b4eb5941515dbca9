"""Which events of a stream bring content: time passes before those, and before no other."""

from __future__ import annotations

from collections.abc import Iterator

from llmsim.apis.renderer import Stamp
from llmsim.reply import Reasoning, Reply, Text, ToolCall
from llmsim.sse import Event
from llmsim.usage import Usage
from tests.each import for_each
from tests.requests import RENDERERS, request_to

REPLY = Reply((Reasoning("hm"), Text("one two"), ToolCall("i", "read", {"a": 1}, '{"a":1}')))
PIECES = ["hm", "one", " two", '{"', "a", '":', "1", "}"]


def events(api: str) -> Iterator[Event]:
    renderer = RENDERERS[api]
    call = renderer.read(request_to(api, stream=True))
    return renderer.events(REPLY, call, Stamp(("0" * 16, "0"), 0, Usage(1, 2)))


@for_each("api", [*RENDERERS])
def test_content_is_every_piece_of_text_and_arguments_and_the_name_of_a_tool(api: str) -> None:
    found = list(events(api))
    content = [event.frame().decode() for event in found if event.content]
    # The tool's name comes before its arguments.
    expected = [*PIECES[:3], '"read"', *PIECES[3:]]
    assert len(content) == len(expected)
    for frame, piece in zip(content, expected, strict=True):
        assert piece.replace('"', '\\"') in frame or piece in frame


@for_each("api", [*RENDERERS])
def test_what_opens_and_ends_a_stream_is_no_content(api: str) -> None:
    found = list(events(api))
    assert not found[0].content
    assert not found[-1].content


def test_anthropics_signature_ping_and_empty_first_piece_are_no_content() -> None:
    silent = [event.frame() for event in events("anthropic") if not event.content]
    for part in (b'"signature_delta"', b'"partial_json":""', b"event: ping", b"message_start"):
        assert sum(part in frame for frame in silent) == 1
