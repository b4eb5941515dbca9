"""The Agents SDK's models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel


class AgentModel(NamedTuple):
    """A model class, and the base URL that it asks."""

    base: str
    make: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.make.__name__}-{self.base.strip('/').replace('/', '-')}"


MODELS = [
    AgentModel("/openai/v1", OpenAIChatCompletionsModel),
    AgentModel("/openai/v1", OpenAIResponsesModel),
    AgentModel("/openresponses/v1", OpenAIResponsesModel),
]
