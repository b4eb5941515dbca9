"""The fields that every request has, and the one that every OpenAI-shaped request has."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.apis.renderer import Shape
from tests.apis.refusals import ABSENT, VALID, changed, refusal
from tests.each import for_each
from tests.requests import RENDERERS

every_api = pytest.mark.parametrize("api", RENDERERS)
openai_shaped = pytest.mark.parametrize("api", [name for name in RENDERERS if name != "anthropic"])

REFUSED = [
    ({"model": ABSENT}, "model", "missing_required_parameter"),
    ({"model": None}, "model", "missing_required_parameter"),
    ({"model": ""}, "model", "empty_string"),
    ({"model": 5}, "model", "invalid_type"),
    ({"model": ["gpt-5"]}, "model", "invalid_type"),
    ({"stream": "true"}, "stream", "invalid_type"),
    ({"stream": 1}, "stream", "invalid_type"),
    ({"stream": 0}, "stream", "invalid_type"),
    ({"stream": {}}, "stream", "invalid_type"),
    ({"tools": {}}, "tools", "invalid_type"),
    ({"tools": "bash"}, "tools", "invalid_type"),
    ({"tools": [{"type": "function", "name": "bash"}, "bash"]}, "tools[1]", "invalid_type"),
    ({"tools": [None]}, "tools[0]", "invalid_type"),
]

TOLERATED = [
    {"tools": [{"type": "function", "name": "bash", "parameters": {"maximum": float("inf")}}]},
    {"model": "no-such-model"},
    {"model": "meta/llama"},
    {"stream": None},
    {"stream": False},
    {"stream_options": None},
    {"stream_options": {}},
    {"stream_options": {"include_obfuscation": True}},
    {"tools": None},
    {"tools": []},
    {
        "tools": [
            {"type": "namespace", "name": "codex"},
            {"type": "web_search"},
            {"type": 7},
            {"type": []},
            {},
        ]
    },
    {
        "tool_choice": "no such choice",
        "temperature": "hot",
        "top_p": [],
        "store": 1,
        "metadata": "none",
        "parallel_tool_calls": "no",
    },
    {"some_new_field": {"of": "an agent"}},
]


@every_api
@for_each(("change", "param", "code"), REFUSED)
def test_a_wrong_field_is_refused_by_name_with_a_code(
    api: str, change: dict[str, Any], param: str, code: str
) -> None:
    error = refusal(api, change)
    assert (error.status, error.param, error.code) == (400, param, code)
    assert f"'{param}'" in error.message


@openai_shaped
@pytest.mark.parametrize(
    "change", [{"stream_options": "usage"}, {"stream_options": [], "stream": True}], ids=str
)
def test_stream_options_are_an_object(api: str, change: dict[str, Any]) -> None:
    error = refusal(api, change)
    assert (error.status, error.param, error.code) == (400, "stream_options", "invalid_type")


def test_anthropic_knows_no_stream_options_and_looks_at_none() -> None:
    assert (
        RENDERERS["anthropic"].read(changed("anthropic", {"stream_options": "usage"})).shape
        == Shape()
    )


@every_api
@for_each("change", TOLERATED)
def test_what_agents_send_beyond_the_required_is_tolerated(
    api: str, change: dict[str, Any]
) -> None:
    call = RENDERERS[api].read(changed(api, change))
    assert call.model == change.get("model", "gpt-5")
    assert call.stream is False


@every_api
def test_stream_true_asks_for_a_stream(api: str) -> None:
    assert RENDERERS[api].read({**VALID[api], "stream": True}).stream is True


@every_api
def test_a_refusal_says_what_would_be_right_and_what_came(api: str) -> None:
    assert refusal(api, {"stream": "yes"}).message == "'stream' must be a boolean, got a string."
    assert refusal(api, {"model": None}).message == "'model' is required: a string."


@every_api
def test_tools_are_offered_under_their_name_or_else_their_type(api: str) -> None:
    tools = [
        {"type": "function", "name": "flat"},
        {"type": "function", "function": {"name": "nested"}},
        {"type": "custom", "custom": {"name": "free_form"}},
        {"type": "web_search"},
    ]
    offered = RENDERERS[api].read({**VALID[api], "tools": tools}).conversation.tools
    assert [tool.name for tool in offered] == ["flat", "nested", "free_form", "web_search"]


@every_api
def test_a_tool_definition_is_the_whole_tool_as_compact_json(api: str) -> None:
    tool = {"type": "function", "name": "bash", "parameters": {"type": "object", "title": "\u00e9"}}
    [offered] = RENDERERS[api].read({**VALID[api], "tools": [tool]}).conversation.tools
    assert (
        offered.definition
        == '{"type":"function","name":"bash","parameters":{"type":"object","title":"\\u00e9"}}'
    )


@every_api
def test_a_tool_nested_deeper_than_json_can_be_written_is_refused(api: str) -> None:
    deep: dict[str, Any] = {}
    for _ in range(20_000):  # deeper than any Python writes: 3.13 can write 5,000
        deep = {"properties": deep}
    assert refusal(api, {"tools": [deep]}).param == "tools[0]"
