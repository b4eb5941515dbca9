"""All conditions: what each looks at, when it holds, and in which words it says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any, Final

from llmsim.conversation import Request
from llmsim.script.conditions import find
from llmsim.script.conditions.difference import Difference, quoted, shown
from llmsim.script.conditions.parts import Range, ToolResult
from llmsim.script.expressions import same_json

Words = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    `find` gives what a request has, for what is asked; `holds` says of both whether that will do,
    and `words` in a sentence what would. `is_stable` says that it stays the same through a
    conversation.
    """

    find: Callable[[Request, Any], Any]
    holds: Callable[[Any, Any], bool]
    words: Words
    is_stable: bool = False

    def difference(self, name: str, request: Request, asked: Any) -> Difference | None:
        """What keeps it from holding, None where it holds."""
        met = self.find(request, asked)
        return None if self.holds(asked, met) else Difference(name, asked, met, self.words)


@lru_cache(maxsize=1024)
def _globbed(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


def _glob(asked: str, met: str | None) -> bool:
    return met is not None and _globbed(asked).match(met) is not None


def _contains(asked: str, met: str | None) -> bool:
    return met is not None and asked in met


def _matches(asked: str, met: str | None) -> bool:
    return met is not None and re.search(asked, met) is not None


def _each(asked: Mapping[str, Any], met: Mapping[str, Any], holds: Callable[..., bool]) -> bool:
    return all(holds(wanted, met[key]) for key, wanted in asked.items())


def _in_range(asked: Range, met: int | None) -> bool:
    return met is not None and asked.holds(met)


def _a_result(asked: ToolResult, met: list[dict[str, str]]) -> bool:
    return any(asked.holds(result["tool"], result["text"]) for result in met)


def _like(asked: str) -> str:
    return f"one like {quoted(asked)}"


def _with(asked: str) -> str:
    return f"a text that contains {quoted(asked)}"


def _matching(asked: str) -> str:
    return f"a text that matches {quoted(asked)}"


def _headers(asked: Mapping[str, str]) -> str:
    return ", ".join(f"{name} like {quoted(glob)}" for name, glob in asked.items())


def _tools(asked: list[str]) -> str:
    return f"tools that include {', '.join(map(quoted, asked))}"


def _result(asked: ToolResult) -> str:
    of_tool = f" of {quoted(asked.tool)}" if asked.tool is not None else ""
    text = f" that contains {quoted(asked.contains)}" if asked.contains is not None else ""
    return f"a new result{of_tool}{text}"


CONDITIONS: Final[Mapping[str, Condition]] = {
    "session": Condition(lambda request, _: request.session, _glob, _like, is_stable=True),
    "api": Condition(lambda request, _: request.api, str.__eq__, shown, is_stable=True),
    "stream": Condition(lambda request, _: request.stream, bool.__eq__, shown),
    "model": Condition(lambda request, _: request.model, _glob, _like, is_stable=True),
    "system_contains": Condition(
        lambda request, _: request.conversation.system, _contains, _with, is_stable=True
    ),
    "first_contains": Condition(
        lambda request, _: find.first_text(request), _contains, _with, is_stable=True
    ),
    "first_matches": Condition(
        lambda request, _: find.first_text(request), _matches, _matching, is_stable=True
    ),
    "last_role": Condition(
        lambda request, _: find.last_role(request), lambda asked, met: asked == met, shown
    ),
    "last_contains": Condition(lambda request, _: find.last_text(request), _contains, _with),
    "last_matches": Condition(lambda request, _: find.last_text(request), _matches, _matching),
    "any_contains": Condition(
        lambda request, _: find.texts(request),
        lambda asked, met: any(asked in text for text in met),
        _with,
    ),
    "tools_include": Condition(
        lambda request, _: find.tools(request),
        lambda asked, met: set(met).issuperset(asked),
        _tools,
        is_stable=True,
    ),
    "has_tools": Condition(
        lambda request, _: bool(request.conversation.tools), bool.__eq__, shown, is_stable=True
    ),
    "max_tokens": Condition(lambda request, _: find.max_tokens(request), _in_range, str),
    "message_count": Condition(lambda request, _: find.message_count(request), _in_range, str),
    "tool_result": Condition(lambda request, _: find.newest_results(request), _a_result, _result),
    "header": Condition(
        find.headers, lambda asked, met: _each(asked, met, _glob), _headers, is_stable=True
    ),
    "value": Condition(find.values, lambda asked, met: _each(asked, met, same_json), shown),
}
FIRST: Final = ("first_contains", "first_matches")
"""What looks at the user's first message, which is not in each request of every client."""

# What stays the same through a conversation.
STABLE: Final = tuple(name for name, each in CONDITIONS.items() if each.is_stable)
