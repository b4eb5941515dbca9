"""What the turns have in common in which the model answers.

What it thought first, how it finished, what it cost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from llmsim.reply import FINISH_REASONS, Block, Reasoning, Reply, TokenCounts
from llmsim.script.fields import OptionalPart, PartSchema, count, optional_word, text_or_none
from llmsim.script.rules import a_count, a_string, expected, one_of, optional, require
from llmsim.script.turns.turn import Turn, TurnSchema


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts that go out instead of those that are counted; None leaves the counted ones.

    Raises:
        ScriptInvalidError: one is no integer, or below 0.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None

    def __post_init__(self) -> None:
        for key in fields(self):
            require(key.name, optional(a_count)(getattr(self, key.name)))

    @property
    def tokens(self) -> TokenCounts:
        """As the reply has it."""
        return TokenCounts(
            self.prompt_tokens, self.completion_tokens, self.reasoning_tokens, self.cached_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replying(Turn):
    """A turn that answers with a `Reply`.

    A subclass calls `check` in its `__post_init__`, and `reply` with its blocks.
    """

    reasoning: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None

    def check(self) -> None:
        """Check the fields that every such turn has.

        Raises:
            ScriptInvalidError: one is wrong.
        """
        self.check_keys()
        require("reasoning", optional(a_string)(self.reasoning))
        require(
            "finish_reason", optional(one_of("finish reason", FINISH_REASONS))(self.finish_reason)
        )
        require(
            "usage",
            None if isinstance(self.usage, Usage | None) else expected("a Usage", self.usage),
        )

    def reply(self, *blocks: Block) -> Reply:
        """The reply of these blocks, after the reasoning."""
        thought = () if self.reasoning is None else (Reasoning(self.reasoning),)
        return Reply(
            (*thought, *blocks),
            self.finish_reason,
            self.usage.tokens if self.usage else TokenCounts(),
        )


class UsageSchema(PartSchema):
    """Token counts instead of those that are counted."""

    makes = Usage
    prompt_tokens = count("Tokens of the request.")
    completion_tokens = count("Tokens of the answer, its reasoning included.")
    reasoning_tokens = count("Of the answer's tokens, those of its reasoning.")
    cached_tokens = count("Of the request's tokens, those that came from a cache.")


class ReplyingSchema(TurnSchema):
    """The keys of a turn in which the model answers."""

    reasoning = text_or_none("What the model thinks before it answers.")
    finish_reason = optional_word(
        "How the answer ends, where it is not as its content says.", "finish reason", FINISH_REASONS
    )
    usage = OptionalPart(UsageSchema(), "Token counts instead of those that are counted.")
