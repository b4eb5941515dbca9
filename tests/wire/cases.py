"""The answers that have a golden: an API, a turn, a request, plain or streamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmsim.apis.renderer import Call, Stamp
from llmsim.conversation import Request
from llmsim.json_text import compact
from llmsim.reply import Reply, Text, ToolCall
from llmsim.script import Assistant, Echo, Lorem, Mixed, Refusal, Template, ToolCalls, Turn
from llmsim.script import Call as Calling
from llmsim.script import Usage as Figures
from llmsim.usage import Usage, usage_of
from tests.requests import RENDERERS, request_to

GOLDENS = Path(__file__).parent / "goldens"

STAMP = Stamp(
    marks=("00c0ffee00c0ffee", "7"),
    created=1_764_000_000,
    usage=Usage(prompt=20, completion=12),
)

REQUESTS = {api: request_to(api, model="gpt-5") for api in RENDERERS} | {
    "anthropic": request_to("anthropic", model="claude-sonnet-5")
}


def tool_call(name: str, arguments: Any, index: int = 0, call_id: str | None = None) -> ToolCall:
    return ToolCall(
        call_id or f"call_llmsim_{STAMP.marks[1]}_{index}", name, arguments, compact(arguments)
    )


def _only(arguments: Any) -> Reply:
    return Reply((tool_call("probe", arguments),))


REPLIES: dict[str, Reply] = {
    "text": Reply((Text("Hello there. The answer is 42."),)),
    "text_empty": Reply((Text(""),)),
    "text_unicode": Reply(
        (
            Text(
                "na\u00efve \U0001f469\u200d\U0001f52c "
                "says\u2028\u201chi\u201d\u0085\r\ndata: not a frame\n\n"
            ),
        )
    ),
    "tool_call": Reply((tool_call("bash", {"command": "ls -la"}),)),
    "tool_calls_parallel": Reply(
        (
            tool_call("bash", {"command": "ls"}),
            tool_call("write_file", {"path": "a.txt", "content": 'h\u00e9 "q"'}, 1),
        )
    ),
    "tool_call_explicit_id": Reply((tool_call("bash", {}, call_id="call_42"),)),
    "mixed": Reply(
        (
            Text("Running two tools."),
            tool_call("bash", {"command": "ls"}),
            tool_call("bash", {"command": "pwd"}, 1),
        )
    ),
    "mixed_empty_text": Reply((Text(""), tool_call("bash", {"command": "ls"}))),
    "arguments_null": _only(None),
    "arguments_boolean": _only(False),
    "arguments_list": _only([1, "two", {"three": 3.5}]),
    "arguments_string": _only('say "hi"'),
    "arguments_big_integer": _only({"n": 2**70, "small": -(2**53) - 1}),
    "arguments_unicode": _only({"city": "\u6771\u4eac", "emoji": "\U0001f600", "line": "a\u2028b"}),
}

_LS = Calling("bash", {"command": "ls"})

# What these answer is played, and their usage is counted or their own.
TURNS: dict[str, Turn] = {
    "reasoning": Assistant(
        "The answer is 42.", reasoning="Six times seven:\nna\u00efve, but \u201cright\u201d."
    ),
    "reasoning_mixed": Mixed("Let me look.", [_LS], reasoning="A listing will tell."),
    "reasoning_tool_calls": ToolCalls(
        [_LS, Calling("bash", {"command": "pwd"})], reasoning="A listing will tell."
    ),
    "reasoning_empty": Assistant("Hello.", reasoning=""),
    "reasoning_empty_text": Assistant("", reasoning="Nothing to say."),
    "reasoning_refusal": Refusal("I cannot help with that.", reasoning="This is not for me."),
    "refusal": Refusal("I cannot help with that."),
    "refusal_empty": Refusal(""),
    "refusal_stop": Refusal("I cannot help with that.", finish_reason="stop"),
    "length": Assistant("The answer is", finish_reason="length"),
    "length_mixed": Mixed("Let me look.", [_LS], finish_reason="length"),
    "length_tool_calls": ToolCalls([_LS], finish_reason="length"),
    "content_filter": Assistant("The recipe begins", finish_reason="content_filter"),
    "content_filter_refusal": Refusal("I cannot help with that.", finish_reason="content_filter"),
    "stop_tool_calls": ToolCalls([_LS], finish_reason="stop"),
    "tool_calls_text": Assistant("Hello.", finish_reason="tool_calls"),
    "usage_none": Assistant(""),
    "usage": Assistant("Hello.", reasoning="Hm.", usage=Figures(120_000, 350, 280, 100_000)),
    "usage_partial": ToolCalls([_LS], usage=Figures(prompt_tokens=50, cached_tokens=60)),
    "lorem": Lorem(30, seed=7),
    "echo": Echo("You said: "),
    "template": Template("You said: {{ last }}"),
}

_USAGE = {"stream_options": {"include_usage": True}}

CUSTOM = ("bash", "probe")  # what a request offers as custom tools where it offers any

# By API: a label, what the request says, and the turns.
_FLAT_CUSTOM = {"tools": [{"type": "custom", "name": name} for name in CUSTOM]}
_NESTED_CUSTOM = {"tools": [{"type": "custom", "custom": {"name": name}} for name in CUSTOM]}
_CUSTOM_TURNS = (
    "tool_call",
    "tool_calls_parallel",
    "length_tool_calls",
    "arguments_string",
    "arguments_list",
    "arguments_unicode",
)
_Forms = list[tuple[str, dict[str, Any], tuple[str, ...]]]
_RESPONSES_FORMS: _Forms = [
    ("custom", _FLAT_CUSTOM, _CUSTOM_TURNS),
    (
        "encrypted",
        {"include": ["reasoning.encrypted_content"]},
        ("reasoning", "reasoning_mixed", "reasoning_empty", "text"),
    ),
    ("unstored", {"store": False}, ("reasoning", "text")),
    (
        "logprobs",
        {"include": ["message.output_text.logprobs"]},
        ("text", "text_empty", "text_unicode", "mixed", "refusal", "tool_call"),
    ),
    (
        "top_logprobs",
        {"include": ["message.output_text.logprobs"], "top_logprobs": 3},
        ("text",),
    ),
]
_FORMS: dict[str, _Forms] = {
    "chat": [
        ("custom", _NESTED_CUSTOM, _CUSTOM_TURNS),
        (
            "functions",
            {"functions": [{"name": "bash", "parameters": {"type": "object"}}]},
            ("text", "tool_call", "tool_calls_parallel", "mixed", "length_tool_calls"),
        ),
        (
            "logprobs",
            {"logprobs": True},
            ("text", "text_empty", "text_unicode", "mixed", "refusal", "tool_call"),
        ),
        ("top_logprobs", {"logprobs": True, "top_logprobs": 3}, ("text",)),
        ("logprobs_n2", {"logprobs": True, "n": 2, **_USAGE}, ("text",)),
    ],
    "responses": _RESPONSES_FORMS,
    "openresponses": _RESPONSES_FORMS,
}


@dataclass(frozen=True)
class Case:
    """One golden.

    `turn` is a key of `REPLIES` or `TURNS`, `extra` what the request says beyond the least; `label`
    names it in the file name.
    """

    api: str
    turn: str
    streamed: bool
    label: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.api}-{self.path.name}"

    @property
    def path(self) -> Path:
        name = f"{self.turn}_{self.label}" if self.label else self.turn
        return GOLDENS / self.api / f"{name}.{'sse' if self.streamed else 'json'}"

    @property
    def request(self) -> dict[str, Any]:
        return {**REQUESTS[self.api], **self.extra, "stream": self.streamed}

    @property
    def call(self) -> Call:
        return RENDERERS[self.api].read(self.request)

    @property
    def custom(self) -> tuple[str, ...]:
        """The names of the custom tools that the request offers."""
        return CUSTOM if self.label == "custom" else ()

    @property
    def is_legacy(self) -> bool:
        """Whether the request knows functions and no tools."""
        return "functions" in self.extra

    @property
    def reply(self) -> Reply:
        if self.turn in REPLIES:
            return REPLIES[self.turn]
        played = TURNS[self.turn].play(STAMP.marks[1], Request(self.call.conversation))
        assert isinstance(played, Reply)
        return played

    @property
    def usage(self) -> Usage:
        return STAMP.usage if self.turn in REPLIES else usage_of(self.call.conversation, self.reply)

    @property
    def stamp(self) -> Stamp:
        return STAMP._replace(usage=self.usage)

    def rendered(self) -> bytes:
        """The bytes of the answer's body."""
        renderer, stamp = RENDERERS[self.api], self.stamp
        if self.streamed:
            return b"".join(
                event.frame() for event in renderer.events(self.reply, self.call, stamp)
            )
        return compact(renderer.payload(self.reply, self.call, stamp)).encode("ascii")


def _all_cases() -> Iterator[Case]:
    for streamed in (False, True):
        for api in RENDERERS:
            yield from (Case(api, turn, streamed) for turn in (*REPLIES, *TURNS))
        yield from (
            Case("chat", turn, streamed, "n2", {"n": 2, **_USAGE})
            for turn in ("text", "tool_call", "reasoning_mixed", "refusal")
        )
        for api, forms in _FORMS.items():
            for label, extra, turns in forms:
                yield from (Case(api, turn, streamed, label, extra) for turn in turns)
    yield from (
        Case("chat", turn, True, "usage", _USAGE)
        for turn in ("text", "text_empty", "tool_call", "mixed", "reasoning", "usage")
    )


CASES = tuple(_all_cases())
PLAIN = tuple(case for case in CASES if not case.streamed)
STREAMED = tuple(case for case in CASES if case.streamed)
