"""What a script is written as, and that reading it again gives the same script."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

from llmsim.errors import ScriptInvalidError
from llmsim.script import (
    Assistant,
    Call,
    Echo,
    Error,
    InvalidRequest,
    Latency,
    Lorem,
    Mixed,
    Other,
    RateLimit,
    Refusal,
    Script,
    Template,
    Timeout,
    ToolCalls,
    Track,
    Usage,
    When,
)
from llmsim.script.turns import Turn
from tests.each import for_each
from tests.narrowing import of_type
from tests.script.samples import VALID

LETTERS = ['"', "\\", "\n", "\0", "a", "é", "\u2028", "\u0085", "🏰", "\ud83d", "{", "%", " "]


class Generator:
    """Makes random scripts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        return "".join(self.random.choices(LETTERS, k=self.random.randrange(8)))

    def value(self, depth: int = 0) -> Any:
        leaves = [None, True, False, 0, -1, 2**70, -0.0, 0.1, 1e300, self.text()]
        if depth > 3 or self.random.random() < 0.5:
            return self.random.choice(leaves)
        items = [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return (
            items
            if self.random.random() < 0.5
            else {self.text() + str(index): item for index, item in enumerate(items)}
        )

    def calls(self) -> list[Call]:
        return [
            Call(self.text() + "n", self.value(), id=self.random.choice([None, self.text() + "i"]))
            for _ in range(self.random.randrange(1, 4))
        ]

    def count(self) -> int | None:
        return self.random.choice([None, 0, 7, 2**70])

    def extras(self) -> dict[str, Any]:
        """Some of the keys that every replying turn has."""
        made: dict[str, Any] = {
            "reasoning": self.text(),
            "finish_reason": self.random.choice(["stop", "tool_calls", "length", "content_filter"]),
            "usage": Usage(self.count(), self.count(), self.count(), self.count()),
        }
        return {key: made[key] for key in made if self.random.random() < 0.3} | self.turn_keys()

    def turn_keys(self) -> dict[str, Any]:
        """Some of the keys that every turn has, errors too."""
        number = self.random.choice([None, 0, 0.5, 3.0, 3_600_000])
        made: dict[str, Any] = {
            "latency": self.random.choice(
                [Latency("gpt5"), Latency(), Latency("auto", number, scale=number and 0.25)]
            ),
        }
        return {key: made[key] for key in made if self.random.random() < 0.3}

    def turn(self) -> Turn:
        makers: list[Callable[[], Turn]] = [
            lambda: Assistant(self.text(), **self.extras()),
            lambda: ToolCalls(self.calls(), **self.extras()),
            lambda: Mixed(self.text(), self.calls(), **self.extras()),
            lambda: Refusal(self.text(), **self.extras()),
            lambda: Template(self.text().replace("{", "{{ last }}"), **self.extras()),
            lambda: Echo(self.random.choice(["", self.text()]), **self.extras()),
            lambda: Lorem(
                self.random.randrange(1, 30), self.random.choice([0, -1, 2**70]), **self.extras()
            ),
            lambda: Error(RateLimit()),
            lambda: Error(RateLimit(self.text()), **self.turn_keys()),
            lambda: Error(Timeout(), **self.turn_keys()),
            lambda: Error(Timeout(self.text())),
            lambda: Error(InvalidRequest(self.text())),
            lambda: Error(Other(self.text(), self.random.randrange(400, 600))),
        ]
        return self.random.choice(makers)()

    def script(self) -> Script:
        turns = [self.turn() for _ in range(self.random.randrange(1, 9))]
        ends = ["repeat_last", "error", "loop"]
        tracks = [
            Track(
                f"t{number}",
                When(model=self.text(), has_tools=self.random.choice([None, True])),
                [self.turn() for _ in range(self.random.randrange(1, 4))],
                self.random.choice([None, "arrival", "history"]),
                self.random.choice([None, *ends]),
            )
            for number in range(self.random.randrange(3))
        ]
        return Script(turns, self.random.choice(ends), tracks=tracks)


@for_each("seed", range(200))
def test_any_script_survives_writing_and_reading(seed: int) -> None:
    script = Generator(seed).script()
    for again in (
        Script.from_spec(script.to_spec()),
        Script.from_json(script.canonical()),
        pickle.loads(pickle.dumps(script)),
    ):
        assert again == script
        assert again.canonical() == script.canonical()
    assert script.canonical().isascii()


@for_each("text", VALID)
def test_every_valid_form_survives_writing_and_reading(text: str) -> None:
    script = Script.from_json(text)
    assert Script.from_json(json.dumps(script.to_spec())) == script


@pytest.mark.parametrize(
    ("turn", "spec"),
    [
        (Assistant("é"), {"type": "assistant", "text": "é"}),
        (ToolCalls([Call("a")]), {"type": "tool_calls", "calls": [{"name": "a", "arguments": {}}]}),
        (
            ToolCalls([Call("a", None, "x")]),
            {"type": "tool_calls", "calls": [{"name": "a", "arguments": None, "id": "x"}]},
        ),
        (
            Mixed("", [Call("a", 1)]),
            {"type": "mixed", "text": "", "calls": [{"name": "a", "arguments": 1}]},
        ),
        (Refusal("No."), {"type": "refusal", "text": "No."}),
        (Echo(), {"type": "echo"}),
        (Template("{{ last }}"), {"type": "template", "text": "{{ last }}"}),
        (
            ToolCalls([Call("a", {"b": {"$value": "last"}})]),
            {
                "type": "tool_calls",
                "calls": [{"name": "a", "arguments": {"b": {"$value": "last"}}}],
            },
        ),
        (Echo("> "), {"type": "echo", "prefix": "> "}),
        (Lorem(5), {"type": "lorem", "tokens": 5}),
        (Lorem(5, -1), {"type": "lorem", "tokens": 5, "seed": -1}),
        (
            Assistant("x", usage=Usage(0, None, 3), finish_reason="stop", reasoning=""),
            {
                "type": "assistant",
                "reasoning": "",
                "finish_reason": "stop",
                "usage": {"prompt_tokens": 0, "reasoning_tokens": 3},
                "text": "x",
            },
        ),
        (Refusal("x", usage=Usage()), {"type": "refusal", "usage": {}, "text": "x"}),
        (Error(RateLimit()), {"type": "error", "kind": "rate_limit"}),
        (Error(RateLimit("m")), {"type": "error", "kind": "rate_limit", "message": "m"}),
        (Error(Timeout()), {"type": "error", "kind": "timeout"}),
        (
            Assistant("x", latency=Latency("gpt5")),
            {"type": "assistant", "latency": "gpt5", "text": "x"},
        ),
        (
            Error(Timeout(), latency=Latency(ttft_mean_ms=5.0, scale=0.5)),
            {"type": "error", "kind": "timeout", "latency": {"ttft_mean_ms": 5, "scale": 0.5}},
        ),
        (Error(Timeout("")), {"type": "error", "kind": "timeout", "message": ""}),
        (Error(InvalidRequest("m")), {"type": "error", "kind": "invalid_request", "message": "m"}),
        (Error(Other("m")), {"type": "error", "kind": "other", "message": "m", "status_code": 500}),
    ],
)
def test_a_turn_is_written_with_the_keys_it_needs_in_a_fixed_order(
    turn: Turn, spec: dict[str, Any]
) -> None:
    written = Script([turn]).to_spec()
    assert json.dumps(written) == json.dumps({"on_exhausted": "repeat_last", "turns": [spec]})


def test_canonical_has_a_line_for_each_turn_and_no_comments_whatever_the_order_of_keys() -> None:
    one = (
        '{"$schema": "s", "turns": [{"comment": "c", "text": "\u2028é", "type": "assistant"}, '
        '{"type": "echo"}], "description": "d"}'
    )
    two = (
        '{"on_exhausted": "repeat_last", "turns": [{"type": "assistant", "text": "\u2028é"}, '
        '{"type": "echo"}]}'
    )
    expected = (
        b'{"on_exhausted":"repeat_last","turns":[\n{"type":"assistant","text":"\\u2028\\u00e9"},\n'
        b'{"type":"echo"}\n]}'
    )
    assert Script.from_json(one).canonical() == Script.from_json(two).canonical() == expected


def test_what_to_spec_gives_is_the_callers_to_change() -> None:
    script = Script([ToolCalls([Call("a", {"k": []})])])
    script.to_spec()["turns"][0]["calls"][0]["arguments"]["k"].append(1)
    assert of_type(ToolCalls, script.turns[0]).calls[0].arguments == {"k": []}


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), (0, False), (0.0, -0.0), ({"a": 1}, {"a": True})]
)
def test_arguments_that_python_calls_equal_and_json_does_not_are_different_scripts(
    left: Any, right: Any
) -> None:
    assert Script([ToolCalls([Call("a", left)])]) != Script([ToolCalls([Call("a", right)])])


def test_another_end_is_another_script_with_the_same_turns() -> None:
    script = Script([Assistant("x")])
    assert script.with_on_exhausted("loop") == Script([Assistant("x")], "loop")
    assert script.on_exhausted == "repeat_last"
    with pytest.raises(ScriptInvalidError, match="did you mean 'loop'"):
        script.with_on_exhausted("lop")
