"""Journal entries as text for people."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.transcript import one_line, transcript


def entry(position: int | None = 0, **more: Any) -> dict[str, Any]:
    return {
        "session": "default",
        "position": position,
        "turn": position,
        "api": "chat",
        "method": "POST",
        "path": "/openai/v1/chat/completions",
        "status": 200,
        "outcome": "completed",
        "request_body": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
        "answer": {"blocks": [{"type": "text", "text": "Hello"}]},
        **more,
    }


def test_a_request_shows_what_was_sent_last_and_what_went_out() -> None:
    assert [*transcript([entry()])] == [
        "session default:",
        "  position 0, turn 0, status 200",
        "    user: Hi",
        "    -> text: Hello",
    ]


def test_what_the_real_api_would_refuse_is_said_with_what_to_look_for() -> None:
    broken = [{"message": f"m{number}", "hint": f"h{number}"} for number in range(3)]
    assert [*transcript([entry(violations=broken)])][3:-1] == [
        "    the real API would refuse it: m0",
        "      h0",
        "    the real API would refuse it: m1",
        "      h1",
    ]


def test_values_that_were_not_found_are_named() -> None:
    shown = [*transcript([entry(values_not_found=["results[-1].json.id", "body.x"])])]
    assert shown[3:] == [
        "    -> text: Hello",
        "    -> not found in the request: results[-1].json.id, body.x",
    ]


@pytest.mark.parametrize("api", ["responses", "openresponses"])
def test_other_apis_are_read_by_their_own_rules(api: str) -> None:
    items = [{"type": "function_call_output", "call_id": "a", "output": str(n)} for n in range(6)]
    body = {"model": "m", "input": [{"role": "user", "content": "Hi"}, *items]}
    shown = [*transcript([entry(api=api, request_body=body)])][2:-1]
    assert shown == [*(f"    tool: {n}" for n in range(4)), "    ... 2 more of role tool"]


def test_results_of_anthropic_are_results() -> None:
    content = [{"type": "tool_result", "tool_use_id": "a", "content": "done"}]
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "a", "name": "b", "input": {}}],
            },
            {"role": "user", "content": content},
        ],
    }
    assert "    tool: done" in [*transcript([entry(api="anthropic", request_body=body)])]


def test_a_request_without_a_turn_shows_what_it_asked_for_and_why_it_failed() -> None:
    failure = {"status": 400, "kind": "invalid_request", "code": None, "message": "no model"}
    refused = entry(None, status=400, request_body={"messages": 1}, answer={"failure": failure})
    assert [*transcript([refused])][1:] == [
        "  no turn taken: POST /openai/v1/chat/completions, status 400",
        "    -> invalid_request: no model",
    ]


def test_a_body_that_is_not_kept_whole_shows_its_beginning() -> None:
    cut = entry(request_body=None, request_text='{"model":', answer=None, outcome="client_gone")
    assert [*transcript([cut])][1:] == [
        "  position 0, turn 0, status 200, client_gone",
        '    body: {"model":',
    ]


def test_an_entry_without_bodies_is_shown() -> None:
    short = entry(conversation="abc", request_body=None)
    del short["answer"]
    assert [*transcript([short])][1:] == ["  position 0, turn 0, conversation abc, status 200"]


def test_calls_are_shown_with_their_arguments() -> None:
    blocks = [
        {"type": "tool_call", "id": "1", "name": "bash", "arguments": {"command": "ls ö"}},
        {"type": "tool_call", "id": "2", "name": "edit", "arguments": "free text"},
    ]
    assert [*transcript([entry(answer={"blocks": blocks})])][-2:] == [
        '    -> bash({"command": "ls ö"})',
        '    -> edit("free text")',
    ]


def test_each_session_is_named_where_it_begins() -> None:
    entries = [entry(0), entry(1), entry(0, session="b")]
    shown = [line for line in transcript(entries) if not line.startswith(" ")]
    assert shown == ["session default:", "session b:"]


@pytest.mark.parametrize(("count", "left_out"), [(40, 0), (41, 1), (1000, 960)])
def test_of_many_requests_the_middle_is_left_out(count: int, left_out: int) -> None:
    lines = [*transcript(entry(position) for position in range(count))]
    positions = [line for line in lines if "position" in line]
    assert len(positions) == 40
    assert positions[20].startswith(f"  position {20 + left_out}, ")
    assert [line for line in lines if "left out" in line] == (
        [f"... {left_out} requests are left out ..."] if left_out else []
    )


def test_a_text_is_cut_and_stays_on_one_line() -> None:
    assert one_line("a\n\tb\x1b[31mc\ud83d") == "a b [31mc"
    assert one_line("x" * 160) == "x" * 160
    assert one_line("x" * 161) == "x" * 160 + "... (161 characters)"
