"""What a stream says is what the script says, whatever the text holds."""

from __future__ import annotations

from typing import Any

from tests.conftest import MakeClient
from tests.each import for_each
from tests.requests import FOR_ALL, ROUTES
from tests.running import text
from tests.wire.frames import json_frames

HALF_AN_EMOJI = "\ud83d"


def said(event: dict[str, Any]) -> str:
    """The text that one event of any API adds."""
    if "choices" in event:
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"])
    if event["type"] == "response.output_text.delta":
        return str(event["delta"])
    if event["type"] == "content_block_delta":
        return str(event["delta"].get("text", ""))
    return ""


@for_each("route", ROUTES)
def test_a_lone_surrogate_is_streamed_as_it_is(make_client: MakeClient, route: str) -> None:
    words = f"one {HALF_AN_EMOJI} two {HALF_AN_EMOJI}"
    client = make_client(text(words))
    for _ in range(3):
        stream = client.post(route, json=FOR_ALL | {"stream": True}).data
        assert "".join(map(said, json_frames(stream))) == words
