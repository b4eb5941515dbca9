"""Words that authors bring along from other formats."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.errors import ScriptInvalidError
from llmsim.script import Script
from tests.each import for_each

HELLO = {"type": "assistant", "text": "Hello"}


def kind(word: str | int) -> dict[str, Any]:
    return {"turns": [{"type": "error", "kind": word}]}


def ending(word: str) -> dict[str, Any]:
    return {"turns": [HELLO | {"finish_reason": word}]}


@for_each(
    ("script", "meant"),
    [
        *(({"turns": [{"type": word}]}, "assistant") for word in ("text", "message", "Message")),
        *(
            ({"turns": [{"type": word}]}, "tool_calls")
            for word in ("function_call", "tool-use", "tool_call", "tool")
        ),
        *((kind(word), "other") for word in ("500", "server_error", "internal_server_error")),
        (kind("429"), "rate_limit"),
        (kind("529"), "overloaded"),
        (kind(503), "overloaded"),
        (kind("504"), "timeout"),
        (kind("auth"), "authentication"),
        (kind("disconnect"), "connection_reset"),
        (ending("end_turn"), "stop"),
        (ending("tool_use"), "tool_calls"),
        (ending("max_tokens"), "length"),
        ({"turns": [HELLO], "on_exhausted": "stop"}, "error"),
        ({"turns": [HELLO], "on_exhausted": "restart"}, "loop"),
        ({"messages": [HELLO]}, "turns"),
        ({"script": {"turns": [HELLO]}}, "turns"),
        ({"turns": [{"type": "tool_calls", "calls": [{"function": {"name": "f"}}]}]}, "name"),
        ({"turns": [HELLO | {"thinking": "x"}]}, "reasoning"),
        ({"turns": [HELLO | {"usage": {"output_tokens": 5}}]}, "completion_tokens"),
        ({"turns": [HELLO], "limits": {"rpm": 3}}, "requests_per_minute"),
        ({"turns": [HELLO | {"expect": {"last": "x"}}]}, "last_contains"),
        ({"turns": [HELLO | {"expect": {"system": "x"}}]}, "system_contains"),
    ],
)
def test_a_word_of_another_format_is_told_what_it_is_in_a_script(
    script: dict[str, Any], meant: str
) -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Script.from_spec(script, "s")
    assert f"; did you mean {meant!r}?" in str(caught.value)


@for_each("word", ["user", "system"])
def test_who_writes_the_turns_of_others_is_told_that_a_script_has_none(word: str) -> None:
    with pytest.raises(ScriptInvalidError, match=r"; a script has the assistant's turns alone$"):
        Script.from_spec({"turns": [{"type": word}]}, "s")
