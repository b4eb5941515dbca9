"""`lorem`: the model says something of a given length."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields
from llmsim.script.rules import a_length, an_integer, require
from llmsim.script.turns.replying import Replying, ReplyingSchema

MAX_TOKENS = 100_000
# Each is one token in `cl100k_base`, at the start of a text and after a blank, as is the full stop:
# so a length in tokens is exact.
_WORDS = """
a and as at be by can do for from has he in is it
me of on or out so that the there this to up was we with you
"""
WORDS = tuple(_WORDS.split())
_SENTENCE = 12  # tokens, the full stop included


@dataclass(frozen=True, slots=True)
class Lorem(Replying):
    """Meaningless sentences of exactly `tokens` tokens, the same for the same `seed`."""

    tokens: int
    seed: int = 0
    _reply: Reply = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("tokens", a_length(MAX_TOKENS)(self.tokens))
        require("seed", an_integer(self.seed))
        self.check()
        object.__setattr__(self, "_reply", self.reply(Text(_sentences(self.tokens, self.seed))))

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The sentences."""
        return self._reply


class LoremSchema(ReplyingSchema):
    """The assistant says meaningless sentences."""

    makes = Lorem
    tokens = fields.length("How many tokens, exactly.", MAX_TOKENS)
    seed = fields.integer("Another seed gives other sentences.", 0)


def _sentences(tokens: int, seed: int) -> str:
    chance = random.Random(hex(seed))  # noqa: S311 - nothing secret hangs on it; of an integer it would not see the sign
    words = [chance.choice(WORDS) for _ in range(tokens)]
    # A full stop takes the place of each sentence's last word, and stands after the word before
    # without a blank.
    return "".join(
        "." if place % _SENTENCE == _SENTENCE - 1 else f" {word}"
        for place, word in enumerate(words)
    ).removeprefix(" ")
