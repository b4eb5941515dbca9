"""What a turn answers, with no provider in sight: a `Reply` made of blocks, or a `Failure`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

FINISH_REASONS = ("stop", "tool_calls", "length", "content_filter")


@dataclass(frozen=True, slots=True)
class Text:
    """A block of assistant text."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A block of what the model thought before it spoke."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A block that says why the model will not answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A block that calls a tool.

    `arguments` is any JSON value, `arguments_json` the same as compact JSON text. Where the script
    breaks them both are that text, and `is_json` is false.
    """

    id: str
    name: str
    arguments: Any
    arguments_json: str
    is_json: bool = True


Block = Reasoning | Text | Refusal | ToolCall


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens that the script gives in place of those counted; None leaves the counted ones."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True)
class Reply:
    """An assistant turn as it goes out: its blocks in order.

    `finish` is one of `FINISH_REASONS`, or None for the one that follows from the blocks. `tokens`
    overrides the usage. `not_found` are expressions of the turn that found nothing in the request.

    Most turns keep one reply for good, so what is drawn from its blocks is kept with it.
    """

    blocks: tuple[Block, ...]
    finish: str | None = None
    tokens: TokenCounts = TokenCounts()
    not_found: tuple[str, ...] = ()

    @property
    def finish_reason(self) -> str:
        """One of `FINISH_REASONS`."""
        return self.finish or ("tool_calls" if self.calls else "stop")

    @cached_property
    def text(self) -> str | None:
        """The text blocks joined, or None where there is none."""
        return self._joined(Text)

    @cached_property
    def reasoning(self) -> str | None:
        """The reasoning blocks joined, or None where there is none."""
        return self._joined(Reasoning)

    @cached_property
    def refusal(self) -> str | None:
        """The refusal blocks joined, or None where there is none."""
        return self._joined(Refusal)

    @cached_property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in order."""
        return tuple(block for block in self.blocks if isinstance(block, ToolCall))

    def _joined(self, kind: type[Text] | type[Reasoning] | type[Refusal]) -> str | None:
        texts = [block.text for block in self.blocks if isinstance(block, kind)]
        return "".join(texts) if texts else None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it goes out, scripted or not.

    `kind` is one of the script's error kinds, or `exhausted`, `too_large` or `unavailable`. An
    empty `message` leaves the words to the API. `code` is the machine-readable word
    (`rate_limit_exceeded`), `param` the request field at fault. `headers` are HTTP headers that
    this failure adds, `retry_after` those that say when to ask again: in whole seconds, None for
    what the settings say. With the status `NO_ANSWER` there is no HTTP answer at all.
    """

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | None = None


NO_ANSWER: Final = 444  # as nginx calls it; it never goes out

STREAM_FAILURE: Final = Failure(503, "overloaded", "", "server_is_overloaded")
"""What ends a stream that the fault `stream_error` breaks off."""
