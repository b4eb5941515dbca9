"""What a request may ask of the form of its answer, read out of the goldens."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from llmsim.tokens import pieces
from tests.each import for_each
from tests.requests import RENDERERS
from tests.wire.cases import CASES, PLAIN, REQUESTS, STREAMED, Case
from tests.wire.frames import json_frames

RESPONSES = ("responses", "openresponses")


def _labelled(cases: tuple[Case, ...], *labels: str) -> list[Case]:
    return [case for case in cases if case.label in labels]


def _entry(piece: str, alternatives: int) -> dict[str, Any]:
    token = {"token": piece, "logprob": 0.0, "bytes": list(piece.encode())}
    return {**token, "top_logprobs": [token] * alternatives}


def _entries(text: str | None, case: Case) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    return [_entry(piece, int("top_logprobs" in case.extra)) for piece in pieces(text)]


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.api == "chat" and "logprobs" in each.extra], ids=str
)
def test_a_chat_answer_has_the_log_probability_of_each_piece(case: Case) -> None:
    told = {
        "content": _entries(case.reply.text, case),
        "refusal": _entries(case.reply.refusal, case),
    }
    if case.streamed:
        for chunk in json_frames(case.rendered()):
            for choice in chunk["choices"]:
                _assert_rated(choice["delta"], choice["logprobs"], case)
        return
    expected = None if told == {"content": None, "refusal": None} else told
    choices = json.loads(case.rendered())["choices"]
    assert [choice["logprobs"] for choice in choices] == [expected] * case.extra.get("n", 1)


def _assert_rated(delta: dict[str, Any], logprobs: Any, case: Case) -> None:
    """A chunk with a piece has its entry; the first chunk says that there are none so far."""
    said = {name: delta.get(name) for name in ("content", "refusal")}
    if said == {"content": None, "refusal": None}:
        assert logprobs is None
        return
    alternatives = int("top_logprobs" in case.extra)
    assert logprobs == {
        name: None if piece is None else [_entry(piece, alternatives)] if piece else []
        for name, piece in said.items()
    }


@for_each("case", [each for each in CASES if each.api == "chat" and "logprobs" not in each.extra])
def test_a_chat_answer_has_no_log_probabilities_where_none_were_asked_for(case: Case) -> None:
    body = case.rendered()
    chunks = json_frames(body) if case.streamed else [json.loads(body)]
    assert all(choice["logprobs"] is None for chunk in chunks for choice in chunk["choices"])


@for_each("case", [each for each in PLAIN if each.api in RESPONSES and each.reply.text])
def test_a_text_of_a_response_has_log_probabilities_where_they_were_asked_for(case: Case) -> None:
    output = json.loads(case.rendered())["output"]
    [part] = [part for item in output if item["type"] == "message" for part in item["content"]]
    asked = "message.output_text.logprobs" in case.extra.get("include", ())
    assert part["logprobs"] == (_entries(case.reply.text, case) if asked else [])


@for_each("case", [each for each in STREAMED if each.api in RESPONSES and each.reply.text])
def test_each_delta_of_a_response_has_the_log_probability_of_its_piece(case: Case) -> None:
    asked = "message.output_text.logprobs" in case.extra.get("include", ())
    alternatives = int("top_logprobs" in case.extra)
    for event in json_frames(case.rendered()):
        if event["type"] == "response.output_text.delta":
            assert event["logprobs"] == ([_entry(event["delta"], alternatives)] if asked else [])


@for_each("case", [each for each in PLAIN if each.api in RESPONSES])
def test_reasoning_is_encrypted_where_the_client_has_to_keep_it_and_nowhere_else(
    case: Case,
) -> None:
    output = json.loads(case.rendered())["output"]
    found = [item["encrypted_content"] for item in output if "encrypted_content" in item]
    asked = case.label in ("encrypted", "unstored")
    assert len(found) == int(asked and case.reply.reasoning is not None)
    for sealed in found:
        assert len(b64decode(sealed)) > 32
        assert not case.reply.reasoning or case.reply.reasoning not in sealed


@pytest.mark.parametrize("api", RESPONSES)
def test_what_is_encrypted_is_the_same_for_the_same_thought_and_no_other(api: str) -> None:
    def sealed(turn: str) -> set[str]:
        bodies = [
            json.loads(case.rendered())
            for case in _labelled(PLAIN, "encrypted", "unstored")
            if (case.api, case.turn) == (api, turn)
        ]
        return {body["output"][0]["encrypted_content"] for body in bodies}

    assert len(sealed("reasoning")) == 1
    assert len(sealed("reasoning") | sealed("reasoning_mixed")) == 2


@pytest.mark.parametrize("case", _labelled(PLAIN, "custom"), ids=str)
def test_a_call_of_a_custom_tool_is_one_and_the_others_are_functions(case: Case) -> None:
    body = json.loads(case.rendered())
    if case.api == "chat":
        calls = body["choices"][0]["message"]["tool_calls"]
        kinds = [call["type"] for call in calls]
    else:
        calls = [item for item in body["output"] if item["type"].endswith("_call")]
        kinds = [call["type"].removesuffix("_tool_call").removesuffix("_call") for call in calls]
        assert [call["id"].split("_")[0] for call in calls] == [
            "ctc" if kind == "custom" else "fc" for kind in kinds
        ]
    assert kinds == [
        "custom" if call.name in case.custom else "function" for call in case.reply.calls
    ]


@pytest.mark.parametrize("api", RENDERERS)
@pytest.mark.parametrize(
    "tools",
    [
        [{"type": "custom", "name": "other"}],
        [{"type": "function", "name": "bash"}],
        [{"type": "function", "function": {"name": "bash"}}],
        [{"type": "bash", "name": "custom"}],
    ],
    ids=str,
)
def test_a_tool_that_is_not_offered_as_a_custom_one_is_called_as_always(
    api: str, tools: list[Any]
) -> None:
    renderer = RENDERERS[api]
    [case] = [each for each in PLAIN if (each.api, each.turn, each.label) == (api, "tool_call", "")]
    call = renderer.read({**REQUESTS[api], "tools": tools})
    payload = renderer.payload(case.reply, call, case.stamp)
    assert {**payload, "tools": None} == {**json.loads(case.rendered()), "tools": None}


def test_anthropic_s_custom_tools_are_its_ordinary_ones() -> None:
    renderer = RENDERERS["anthropic"]
    [case] = [each for each in PLAIN if str(each) == "anthropic-tool_call.json"]
    tools = [{"type": "custom", "name": "bash", "input_schema": {"type": "object"}}]
    call = renderer.read({**REQUESTS["anthropic"], "tools": tools})
    payload = renderer.payload(case.reply, call, case.stamp)
    assert payload == json.loads(case.rendered())


@pytest.mark.parametrize(
    "fields",
    [
        {"functions": []},
        {"functions": None},
        {"functions": [{"name": "bash"}], "tools": [{"type": "function", "name": "bash"}]},
        {"function_call": "auto"},
    ],
    ids=str,
)
def test_only_a_request_with_functions_and_no_tools_gets_a_function_call(
    fields: dict[str, Any],
) -> None:
    [case] = [each for each in PLAIN if str(each) == "chat-tool_call.json"]
    call = RENDERERS["chat"].read({**REQUESTS["chat"], **fields})
    payload = RENDERERS["chat"].payload(case.reply, call, case.stamp)
    assert payload == json.loads(case.rendered())


@pytest.mark.parametrize("case", [each for each in CASES if "n" in each.extra], ids=str)
def test_each_choice_has_call_ids_of_its_own(case: Case) -> None:
    body = case.rendered()
    parts = json_frames(body) if case.streamed else [json.loads(body)]
    messages = [
        choice.get("delta") or choice.get("message", {})
        for part in parts
        for choice in part["choices"]
    ]
    calls = [call for message in messages for call in message.get("tool_calls", ())]
    ids = [call["id"] for call in calls if "id" in call]
    assert len(ids) == len(set(ids)) == case.extra["n"] * len(case.reply.calls)
    assert set(ids) >= {call.id for call in case.reply.calls}
