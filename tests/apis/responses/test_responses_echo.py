"""What a request says comes back in the answer, unless a strict client would refuse it there."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.apis.renderer import Stamp
from llmsim.json_text import compact
from llmsim.reply import Reply, Text
from llmsim.usage import Usage
from tests.apis.refusals import VALID, changed
from tests.each import for_each
from tests.requests import RENDERERS
from tests.wire.strict import client, openresponses_resource

STAMP = Stamp(("00c0ffee00c0ffee", "0"), 1_764_000_000, Usage(1, 1))
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}
SCHEMA_FORMAT = {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
TOOL = {
    "type": "function",
    "name": "bash",
    "description": "Runs.",
    "parameters": SCHEMA,
    "strict": True,
}
PLAIN_TEXT = {"format": {"type": "text"}, "verbosity": "medium"}
NO_REASONING = {"effort": None, "summary": None}

DEFAULTS: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": NO_REASONING,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": PLAIN_TEXT,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}

KEPT = [
    ("instructions", "Be brief."),
    ("instructions", ""),
    ("max_output_tokens", 16),
    ("max_tool_calls", 0),
    ("metadata", {"run": "7"}),
    ("parallel_tool_calls", False),
    ("previous_response_id", "resp_1"),
    ("prompt_cache_key", "cache"),
    ("reasoning", {"effort": "high", "summary": "auto"}),
    ("reasoning", {"effort": "none", "summary": None}),
    ("safety_identifier", "user-7"),
    ("service_tier", "flex"),
    ("store", False),
    ("temperature", 0),
    ("temperature", 0.2),
    ("text", {"format": {"type": "json_object"}, "verbosity": "low"}),
    ("tool_choice", "none"),
    ("tool_choice", "required"),
    ("tool_choice", {"type": "function", "name": "bash"}),
    (
        "tool_choice",
        {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "bash"}],
        },
    ),
    ("tools", [TOOL]),
    ("top_logprobs", 5),
    ("top_p", 0.5),
    ("truncation", "auto"),
    ("presence_penalty", -1),
    ("frequency_penalty", 1.5),
]

NOT_KEPT = [
    ("background", True),
    ("instructions", ["Be brief."]),
    ("instructions", 5),
    ("max_output_tokens", "16"),
    ("max_output_tokens", 16.0),
    ("max_tool_calls", True),
    ("metadata", {"run": 7}),
    ("metadata", {"run": None}),
    ("metadata", []),
    ("parallel_tool_calls", "no"),
    ("parallel_tool_calls", 0),
    ("previous_response_id", 5),
    ("prompt_cache_key", {}),
    ("reasoning", "high"),
    ("reasoning", {"effort": "heroic", "summary": "long"}),
    ("reasoning", {"effort": ["high"]}),
    ("safety_identifier", 7),
    ("service_tier", "turbo"),
    ("store", 1),
    ("temperature", "hot"),
    ("temperature", True),
    ("temperature", float("inf")),
    ("temperature", 10**400),
    ("text", "json"),
    ("text", {"format": "json", "verbosity": "chatty"}),
    ("text", {"format": {"type": "grammar"}}),
    ("text", {"format": {"type": "json_schema", "schema": SCHEMA}}),
    ("tool_choice", "sometimes"),
    ("tool_choice", {"type": "function"}),
    ("tool_choice", {"type": "function", "function": {"name": "bash"}}),
    ("tool_choice", {"type": "allowed_tools", "mode": "sometimes", "tools": []}),
    ("tool_choice", {"type": "allowed_tools", "mode": "auto"}),
    ("tool_choice", {"type": "web_search"}),
    ("tool_choice", 5),
    (
        "tools",
        [
            {"type": "web_search"},
            {"type": "namespace", "name": "x"},
            {"type": "function"},
            {"type": "function", "name": 5},
        ],
    ),
    ("top_logprobs", 2.5),
    ("top_p", []),
    ("truncation", "always"),
    ("presence_penalty", "x"),
    ("frequency_penalty", {}),
]

RESHAPED = [
    (
        "reasoning",
        {"effort": "low", "generate_summary": "auto", "mode": "pro"},
        {"effort": "low", "summary": None},
    ),
    ("text", {"verbosity": "high"}, {"format": {"type": "text"}, "verbosity": "high"}),
    ("text", {"format": {"type": "text", "more": 1}, "more": 1}, PLAIN_TEXT),
    (
        "tools",
        [{"type": "function", "name": "bash"}],
        [{**TOOL, "description": None, "parameters": None, "strict": None}],
    ),
    (
        "tools",
        [
            {"type": "web_search"},
            {**TOOL, "description": 5, "parameters": [], "strict": "yes", "defer_loading": True},
        ],
        [{**TOOL, "description": None, "parameters": None, "strict": None}],
    ),
    (
        "tool_choice",
        {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [
                {"type": "mcp", "server_label": "x"},
                {"type": "function", "name": "bash", "more": 1},
            ],
        },
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "bash"}]},
    ),
]

both_apis = pytest.mark.parametrize("api", ["responses", "openresponses"])


def rendered(api: str, change: dict[str, Any]) -> dict[str, Any]:
    """The payload for the changed request.

    The specification's types have accepted it, if they are the API's.
    """
    renderer = RENDERERS[api]
    payload = renderer.payload(Reply((Text("Hello"),)), renderer.read(changed(api, change)), STAMP)
    if api == "openresponses":
        openresponses_resource(compact(payload).encode())
    return payload


def answered(api: str, change: dict[str, Any]) -> dict[str, Any]:
    """The same, once the SDK has accepted it too."""
    payload = rendered(api, change)
    client(compact(payload).encode()).responses.create(**VALID[api])
    return payload


@both_apis
def test_a_bare_request_is_answered_with_the_defaults(api: str) -> None:
    assert {name: answered(api, {})[name] for name in DEFAULTS} == DEFAULTS


@both_apis
def test_null_means_absent(api: str) -> None:
    assert answered(api, dict.fromkeys(DEFAULTS)) == answered(api, {})


@both_apis
@for_each(("name", "value"), KEPT)
def test_a_fitting_value_is_echoed(api: str, name: str, value: Any) -> None:
    assert answered(api, {name: value}) == {**answered(api, {}), name: value}


@both_apis
@for_each(("name", "value"), NOT_KEPT)
def test_a_value_that_the_strict_types_would_refuse_gives_way_to_the_default(
    api: str, name: str, value: Any
) -> None:
    assert answered(api, {name: value}) == answered(api, {})


@both_apis
@pytest.mark.parametrize(("name", "value", "echoed"), RESHAPED)
def test_a_value_is_echoed_as_far_as_the_answer_has_a_place_for_it(
    api: str, name: str, value: Any, echoed: Any
) -> None:
    assert answered(api, {name: value})[name] == echoed


def test_openai_echoes_a_json_schema_format_with_its_schema() -> None:
    echoed = {**SCHEMA_FORMAT, "description": None}
    assert answered("responses", {"text": {"format": SCHEMA_FORMAT}})["text"] == {
        "format": echoed,
        "verbosity": "medium",
    }


def test_openresponses_echoes_a_json_schema_format_without_its_schema() -> None:
    """The SDK's strict mode wants the schema that the specification's types refuse.

    No echo of this format passes both.
    """
    echoed = {**SCHEMA_FORMAT, "description": None, "schema": None}
    assert rendered("openresponses", {"text": {"format": SCHEMA_FORMAT}})["text"] == {
        "format": echoed,
        "verbosity": "medium",
    }


def test_openresponses_wants_a_boolean_for_strict_where_openai_takes_null() -> None:
    loose = {"text": {"format": {**SCHEMA_FORMAT, "strict": None}}}
    assert answered("responses", loose)["text"]["format"]["strict"] is None
    assert rendered("openresponses", loose)["text"]["format"]["strict"] is False


def test_a_schema_that_json_cannot_carry_is_not_echoed() -> None:
    endless = {"text": {"format": {**SCHEMA_FORMAT, "schema": {"maximum": float("inf")}}}}
    assert answered("responses", endless)["text"] == PLAIN_TEXT


@pytest.mark.parametrize("effort", ["minimal", "max"])
def test_an_effort_that_only_openai_knows_is_echoed_only_there(effort: str) -> None:
    assert answered("responses", {"reasoning": {"effort": effort}})["reasoning"]["effort"] == effort
    assert (
        answered("openresponses", {"reasoning": {"effort": effort}})["reasoning"]["effort"] is None
    )


def test_the_user_is_echoed_by_openai_alone() -> None:
    assert answered("responses", {"user": "u"})["user"] == "u"
    assert answered("responses", {"user": 5})["user"] is None
    assert "user" not in answered("openresponses", {"user": "u"})


@both_apis
def test_a_stream_echoes_the_same_from_its_first_event_to_its_last(api: str) -> None:
    renderer = RENDERERS[api]
    call = renderer.read(
        changed(api, {"stream": True, "instructions": "Be brief.", "tools": [TOOL]})
    )
    events = [
        event.data for event in renderer.events(Reply((Text("Hello"),)), call, STAMP) if event.name
    ]
    echoes = [
        {name: event["response"][name] for name in DEFAULTS}
        for event in events
        if "response" in event
    ]
    assert echoes == [{**DEFAULTS, "instructions": "Be brief.", "tools": [TOOL]}] * 3
