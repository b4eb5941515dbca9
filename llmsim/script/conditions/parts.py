"""Conditions that are objects themselves."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from llmsim.errors import Problem, ScriptInvalidError
from llmsim.script.fields import PartSchema, count, optional_name, string_or_none
from llmsim.script.rules import SOURCE, a_count, a_name, a_string, optional, require


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `min` to `max`; either may be left open.

    Raises:
        ScriptInvalidError: both are, or they are no counts, or no number lies between them.
    """

    min: int | None = None
    max: int | None = None

    def __post_init__(self) -> None:
        require("min", optional(a_count)(self.min))
        require("max", optional(a_count)(self.max))
        if self.min is None and self.max is None:
            raise ScriptInvalidError(SOURCE, [Problem("a range needs 'min' or 'max'")])
        if self.min is not None and self.max is not None and self.min > self.max:
            require("max", f"{self.max} is less than the 'min' of {self.min}")

    def holds(self, number: int) -> bool:
        """Whether the number lies in it."""
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)

    def __str__(self) -> str:
        if self.max is None:
            return f"{self.min} or more"
        return f"{self.max} or less" if self.min is None else f"{self.min} to {self.max}"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: the tool's name, and a part of the text.

    Raises:
        ScriptInvalidError: neither is said, or one is no text.
    """

    tool: str | None = None
    contains: str | None = None

    def __post_init__(self) -> None:
        require("tool", optional(a_name)(self.tool))
        require("contains", optional(a_string)(self.contains))
        if self.tool is None and self.contains is None:
            message = "a tool_result needs 'tool' or 'contains'"
            raise ScriptInvalidError(SOURCE, [Problem(message)])

    def holds(self, tool: str, text: str) -> bool:
        """Whether it is a result of that kind."""
        return (self.tool is None or self.tool == tool) and (self.contains or "") in text


class RangeSchema(PartSchema):
    """A range; at least one of its ends."""

    makes = Range
    also = MappingProxyType({"minProperties": 1})
    min = count("The least number that will do.")
    max = count("The greatest number that will do.")


class ToolResultSchema(PartSchema):
    """What a tool returned."""

    makes = ToolResult
    also = MappingProxyType({"minProperties": 1})
    tool = optional_name("The name of the tool.")
    contains = string_or_none("A part of what it returned.")
