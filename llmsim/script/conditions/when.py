"""`When`: conditions that are joined by "and"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from llmsim.conversation import Request
from llmsim.errors import Problem, ScriptInvalidError
from llmsim.script.conditions import rules
from llmsim.script.conditions.difference import Difference
from llmsim.script.conditions.parts import Range, ToolResult
from llmsim.script.conditions.table import CONDITIONS, FIRST, STABLE
from llmsim.script.rules import SOURCE, Rule, a_string, expected, optional, require

NO_CONDITION = "expected at least one condition"


def _whole(check: Any) -> Rule:
    """A check that tells the parts of a value apart, as a rule for all of it."""

    def rule(value: Any) -> str | None:
        problem = check(value)
        return next(iter(problem.values())) if isinstance(problem, dict) else problem or None

    return rule


def _a(kind: type, what: str) -> Rule:
    return lambda value: None if isinstance(value, kind) else expected(what, value)


_RULES: Mapping[str, Rule] = {
    "api": rules.an_api,
    "stream": rules.a_boolean,
    "first_matches": rules.a_pattern,
    "last_role": rules.a_role,
    "last_matches": rules.a_pattern,
    "tools_include": _whole(rules.names),
    "has_tools": rules.a_boolean,
    "max_tokens": _a(Range, "a Range"),
    "message_count": _a(Range, "a Range"),
    "tool_result": _a(ToolResult, "a ToolResult"),
    "header": _whole(rules.headers),
    "value": _whole(rules.values),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Which requests are meant: those for which each condition holds. None is no condition.

    `session`, `model` and the values of `header` are globs (`*`, `?`, `[abc]`), patterns are
    Python's regular expressions and found anywhere in the text. Letters count as they are written.
    `asked` are the conditions that there are, in the order of the table.

    Raises:
        ScriptInvalidError: there is no condition, or what stands behind one is wrong.
    """

    session: str | None = None
    api: str | None = None
    stream: bool | None = None
    model: str | None = None
    system_contains: str | None = None
    first_contains: str | None = None
    first_matches: str | None = None
    last_role: str | None = None
    last_contains: str | None = None
    last_matches: str | None = None
    any_contains: str | None = None
    tools_include: Sequence[str] | None = None
    has_tools: bool | None = None
    max_tokens: Range | None = None
    message_count: Range | None = None
    tool_result: ToolResult | None = None
    header: Mapping[str, str] | None = None
    value: Mapping[str, Any] | None = None
    asked: tuple[tuple[str, Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = (getattr(self, each.name) for each in fields(self) if each.init)
        if all(value is None for value in given):
            raise ScriptInvalidError(SOURCE, [Problem(NO_CONDITION)])
        for name in CONDITIONS:
            require(name, optional(_RULES.get(name, a_string))(getattr(self, name)))
        if self.tools_include is not None:
            object.__setattr__(self, "tools_include", tuple(self.tools_include))
        asked = ((name, getattr(self, name)) for name in CONDITIONS)
        said = tuple((name, value) for name, value in asked if value is not None)
        object.__setattr__(self, "asked", said)

    def __eq__(self, other: object) -> bool:
        # To Python, `True` and `1` are equal.
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def passing(self) -> tuple[str, ...]:
        """Its conditions that may change from one request of a conversation to the next."""
        return tuple(name for name, _ in self.asked if name not in STABLE)

    @property
    def asks_for_first(self) -> bool:
        """Whether it looks at the user's first message."""
        return any(name in FIRST for name, _ in self.asked)

    def fits(self, request: Request, but: Sequence[str] = ()) -> bool:
        """Whether the request is meant, whatever the conditions in `but` say.

        For a request that is not, `explain` says why.
        """
        for name, asked in self.asked:
            if name in but:
                continue
            condition = CONDITIONS[name]
            if not condition.holds(asked, condition.find(request, asked)):
                return False
        return True


def explain(when: When, request: Request) -> list[Difference]:
    """What keeps the request from being meant: each condition that does not hold."""
    differences = (CONDITIONS[name].difference(name, request, asked) for name, asked in when.asked)
    return [difference for difference in differences if difference is not None]
