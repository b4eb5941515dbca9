"""What a request asks of the shape of its answer."""

from __future__ import annotations

from typing import Any

from llmsim.apis.renderer import Shape
from llmsim.reply import Reply, Text, ToolCall
from tests.apis.refusals import changed
from tests.each import for_each
from tests.requests import RENDERERS

NAMES = ["apply_patch", "shell"]
CUSTOM = frozenset(NAMES)
FLAT = [{"type": "custom", "name": name} for name in NAMES]
NESTED = [{"type": "custom", "custom": {"name": name}} for name in NAMES]
OTHERS = [{"type": "function", "name": "f"}, {"type": "web_search"}, {"name": 5}, {"type": []}]

ASKED = [
    ("chat", {"tools": [*NESTED, *OTHERS]}, Shape(custom_tools=CUSTOM)),
    ("responses", {"tools": [*FLAT, *OTHERS]}, Shape(custom_tools=CUSTOM)),
    ("openresponses", {"tools": FLAT}, Shape(custom_tools=CUSTOM)),
    ("anthropic", {"tools": FLAT}, Shape()),
    ("chat", {"functions": [{"name": "f"}]}, Shape(legacy_functions=True)),
    ("chat", {"functions": [{"name": "f"}], "tools": [OTHERS[0]]}, Shape()),
    ("chat", {"functions": [{"name": "f"}], "tools": []}, Shape(legacy_functions=True)),
    ("chat", {"functions": []}, Shape()),
    ("chat", {"logprobs": True}, Shape(logprobs=True)),
    ("chat", {"logprobs": False, "top_logprobs": 0}, Shape()),
    ("chat", {"logprobs": None, "top_logprobs": None}, Shape()),
    ("chat", {"logprobs": True, "top_logprobs": 20}, Shape(logprobs=True, alternatives=True)),
    ("responses", {"include": None}, Shape()),
    ("responses", {"include": []}, Shape()),
    ("responses", {"include": ["web_search_call.results", 5, {}]}, Shape()),
    ("responses", {"include": ["message.output_text.logprobs"]}, Shape(logprobs=True)),
    ("responses", {"include": ["reasoning.encrypted_content"]}, Shape(encrypted_reasoning=True)),
    ("responses", {"store": False}, Shape(encrypted_reasoning=True)),
    ("responses", {"store": None}, Shape()),
    ("responses", {"store": "no"}, Shape()),
    ("responses", {"top_logprobs": 2}, Shape(alternatives=True)),
]


@for_each(("api", "fields", "shape"), ASKED)
def test_a_request_says_what_its_answer_is_to_hold(
    api: str, fields: dict[str, Any], shape: Shape
) -> None:
    assert RENDERERS[api].read(changed(api, fields)).shape == shape


def test_a_shape_forgets_the_custom_tools_that_a_reply_does_not_call() -> None:
    shape = Shape(logprobs=True, custom_tools=frozenset({"a", "b", "c"}))
    calls = (ToolCall("1", "b", {}, "{}"), ToolCall("2", "d", {}, "{}"))
    assert shape.for_reply(Reply(calls)) == Shape(logprobs=True, custom_tools=frozenset({"b"}))
    assert shape.for_reply(Reply((Text("b"),))) == Shape(logprobs=True)
