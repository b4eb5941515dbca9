"""What a request said, in words that belong to no provider."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool call that the client sends back as part of its history; `arguments` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history; `text` joins its text parts, `images` counts the parts that are pictures."""

    role: str
    text: str
    calls: tuple[CalledTool, ...] = ()
    images: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the client offers; `definition` is its whole JSON text."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request's history: `system` joins system texts and instructions; `tool_results` maps call ids to result texts."""

    system: str = ""
    messages: tuple[Message, ...] = ()
    tool_results: dict[str, str] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()
