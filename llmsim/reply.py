"""What a turn answers, with no provider in sight: a `Reply` made of blocks, or a `Failure`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """A block of assistant text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A block that calls a tool. `arguments` is any JSON value, `arguments_json` the same as compact JSON text."""

    id: str
    name: str
    arguments: Any
    arguments_json: str


Block = Text | ToolCall


@dataclass(frozen=True, slots=True)
class Reply:
    """An assistant turn as it goes out: its blocks in order."""

    blocks: tuple[Block, ...]

    @property
    def text(self) -> str | None:
        """The text blocks joined, or None where there is none."""
        texts = [block.text for block in self.blocks if isinstance(block, Text)]
        return "".join(texts) if texts else None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in order."""
        return tuple(block for block in self.blocks if isinstance(block, ToolCall))


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it goes out, scripted or not.

    `kind` is one of `rate_limit`, `timeout`, `invalid_request`, `other` (the script's own kinds), `exhausted`, `not_found`, `too_large` and
    `unavailable`. `code` is the machine-readable word (`rate_limit_exceeded`), `param` the request field at fault. `headers` are HTTP headers
    that this failure adds.
    """

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
