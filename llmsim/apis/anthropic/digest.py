"""What the protocol rules look at in an Anthropic request, gathered in one pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from llmsim.apis.anthropic.thread import previous_message

Json = dict[str, Any]

# `claude-sonnet-4-6`, `claude-opus-4-20250514`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`
_NEW_NAME: Final = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_OLD_NAME: Final = re.compile(r"claude-(\d)(?:[-.](\d))?-[a-z]+")  # `claude-3-7-sonnet-latest`
_OPTIONS: Final = frozenset(("tools", "thinking"))
CALL_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")

Block = tuple[int, int, Any]
"""Where a block is: the indices of its message and in it; and its id, or its text."""


class Round(NamedTuple):
    """What the assistant calls, and what the user brings back.

    Messages of one role in a row are one message to the API. `answered` says whether the user says
    anything.
    """

    calls: list[Block]
    results: list[Block]
    answered: bool


class Digest(NamedTuple):
    """What the rules look at.

    `calls` are all calls; none where the ids of all are plainly sound. `rounds` are those that are
    not plainly sound. `hollow` are the indices of messages without content, `blanks` the text
    blocks of no characters or of white space alone. `caches` is the number of blocks with
    `cache_control`.
    """

    body: Mapping[str, Any]
    calls: list[Block]
    rounds: list[Round]
    hollow: list[int]
    blanks: list[Block]
    caches: int

    @property
    def has_plain_messages(self) -> bool:
        """Whether no rule could find fault with a message."""
        looked_at = self.calls or self.rounds or self.hollow or self.blanks
        if looked_at:
            return False
        return not self.messages or self.messages[-1]["role"] != "assistant"

    @property
    def has_options(self) -> bool:
        """Whether a rule could find fault with tools, thinking, or marks for the cache."""
        return self.caches > 0 or not _OPTIONS.isdisjoint(self.body)

    @property
    def version(self) -> tuple[int, int] | None:
        """The version in the model's name, None where there is none that is known."""
        model = self.body["model"]
        found = _NEW_NAME.search(model) or _OLD_NAME.search(model)
        return None if found is None else (int(found[1]), int(found[2] or 0))

    @property
    def messages(self) -> Sequence[Json]:
        """As the client sent them."""
        messages: Sequence[Json] = self.body["messages"]
        return messages

    @property
    def tools(self) -> Sequence[Json]:
        """The tools that are offered."""
        tools: Sequence[Json] = self.body.get("tools") or ()
        return tools


def digest_of(body: Mapping[str, Any]) -> Digest:
    """One pass over the messages and their blocks."""
    reading = _Reading(previous_message(body) is not None)
    answered = False
    for index, message in enumerate(body["messages"]):
        role, content = message["role"], message.get("content")
        if role == "user":
            answered = True
        elif answered and role == "assistant":  # any other role is between the lines
            reading.end_round(answered=True)
            answered = False
        if not content:
            reading.hollow.append(index)
        elif isinstance(content, list):
            reading.blocks(index, content)
    reading.end_round(answered=answered)
    return Digest(
        body,
        [] if _are_sound(reading.all_calls) else reading.all_calls,
        reading.rounds,
        reading.hollow,
        reading.blanks,
        reading.caches + _caches(body.get("system")) + _caches(body.get("tools")),
    )


def _are_sound(calls: Sequence[Block]) -> bool:
    """Whether each has an id of its own, of the form that ids have."""
    ids = [call_id for _, _, call_id in calls]
    try:
        alone = all(ids) and len({*ids}) == len(ids)
        return not ids or (alone and CALL_ID.fullmatch("".join(ids)) is not None)
    except TypeError:  # an id is no text
        return False


def _caches(blocks: Any) -> int:
    if not isinstance(blocks, list):
        return 0
    return sum(1 for block in blocks if block.get("cache_control"))


class _Reading:
    """How far the pass has come.

    `continues` says that the server holds the messages before these: then nobody knows here what
    the first results answer.
    """

    def __init__(self, continues: bool) -> None:
        self._continues = continues
        self.all_calls: list[Block] = []
        self.rounds: list[Round] = []
        self.hollow: list[int] = []
        self.blanks: list[Block] = []
        self.caches = 0
        self._calls: list[Block] = []
        self._results: list[Block] = []

    def end_round(self, *, answered: bool) -> None:
        """What comes now is another round's."""
        calls, results = self._calls, self._results
        continues, self._continues = self._continues, False
        if not calls and (not results or continues):
            self._results = []
            return
        self.all_calls += calls
        if not (len(calls) == len(results) == 1 and calls[0][2] == results[0][2]):
            self.rounds.append(Round(calls, results, answered))
        self._calls, self._results = [], []

    def blocks(self, message: int, content: Sequence[Json]) -> None:
        """The blocks of a message."""
        for index, block in enumerate(content):
            kind = block.get("type")
            if kind == "tool_use":
                self._calls.append((message, index, block.get("id")))
            elif kind == "tool_result":
                self._results.append((message, index, block.get("tool_use_id")))
            elif kind == "text":
                text = block.get("text")
                if text == "" or (isinstance(text, str) and text.isspace()):
                    self.blanks.append((message, index, text))
            if block.get("cache_control"):
                self.caches += 1
