"""What the real APIs refuse with a 400, and servers that only read a request let pass.

A family's rules are one table in its `protocol.py`. A rule is a pure function: it looks at a digest
of the body, which is made in one pass, and yields what breaks it. No rule may find fault with a
request that the real API takes; where that is not certain, the rule says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from llmsim.made_ids import MadeId

T = TypeVar("T")

Rules = Mapping[str, Callable[[T], Iterable["Violation"]]]
"""A family's rules by their names, in the order in which the real API looks."""


class Earlier(Protocol):
    """Answers that were given earlier, by an id of each, as far as they are known."""

    def calls(self, answer: MadeId) -> Sequence[str] | None:
        """The ids of the answer's calls; None where the answer is not known."""

    def may_have_called(self, call_id: str, answer: MadeId) -> bool:
        """Whether an answer before that one may have made the call."""

    @property
    def may_have_thought(self) -> bool:
        """Whether any answer may have begun with reasoning."""

    def thought(self, answer: MadeId) -> bool:
        """Whether the answer is known to have begun with reasoning."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A part of a request that the real API refuses.

    `message`, `param` and `code` are the API's own. `index` counts messages or items from 0; it is
    None for what stands outside of them. `hint` says what the likely cause is.
    """

    rule: str
    message: str
    index: int | None
    found: str
    expected: str
    hint: str
    param: str | None = None
    code: str | None = None


NOTHING: Final[Sequence[Violation]] = ()


def broken(rules: Rules[T], digest: T) -> list[Violation]:
    """What of the digest breaks the rules, in the order of the request."""
    found = [violation for rule in rules.values() for violation in rule(digest)]
    if len(found) > 1:
        found.sort(key=lambda violation: -1 if violation.index is None else violation.index)
    return found


def cut_before(index: int, what: str = "message") -> str:
    """The hint at a history whose older part was left out."""
    if index == 0:
        return f"The history was probably cut just before {what} 0."
    return f"The history was probably cut between {what} {index - 1} and {index}."


def lost_after(index: int, what: str = "message") -> str:
    """The hint at a history whose pair lost its second half."""
    return (
        f"What belongs behind {what} {index} was lost: the history was probably cut between {what} "
        f"{index} and {index + 1}, or a tool was interrupted."
    )


def too_long(param: str, most: int, length: int) -> str:
    """OpenAI's words for a string that is too long."""
    return (
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, but "
        f"got a string with length {length} instead."
    )


def long_call_id(call_id: str, most: int, index: int, param: str) -> Violation:
    """A call id of more characters than OpenAI takes."""
    return Violation(
        "call_id_too_long",
        too_long(param, most, len(call_id)),
        index,
        f"the call id {call_id} of {len(call_id)} characters",
        f"{most} characters at most",
        "The id probably comes from another API, whose ids are longer.",
        param,
        "string_above_max_length",
    )


def empty_array(param: str) -> str:
    """OpenAI's words for an array that must not be empty."""
    return (
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an "
        "empty array instead."
    )
