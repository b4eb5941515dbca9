"""What a request said, in words that belong to no provider.

Named tuples: each request makes several, in half of the time that frozen dataclasses take.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class CalledTool(NamedTuple):
    """A tool call that the client sends back as part of its history; `arguments` is JSON text."""

    name: str
    arguments: str


class Message(NamedTuple):
    """One message of the history.

    `text` joins its text parts, `images` counts the parts that are pictures.
    """

    role: str
    text: str
    calls: tuple[CalledTool, ...] = ()
    images: int = 0


class Tool(NamedTuple):
    """A tool that the client offers; `definition` is its whole JSON text."""

    name: str
    definition: str


class Conversation(NamedTuple):
    """A request's history: `system` joins system texts and instructions.

    `tool_results` maps call ids to result texts.
    """

    system: str = ""
    messages: tuple[Message, ...] = ()
    tool_results: Mapping[str, str] = MappingProxyType({})
    tools: tuple[Tool, ...] = ()
